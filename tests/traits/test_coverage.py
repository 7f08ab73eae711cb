"""No op type that models are made of is missing in the table."""
import pytest
from known_models import MODELS

from tf1_hessian import _compat
from tf1_hessian.graph.paths import find_path
from tf1_hessian.graph.traits import trait_of

# What chooses between training and inference in Keras: control flow, which is no matter of one op.
CONTROL_FLOW = ("If", "Merge", "StatelessIf", "Switch")


@pytest.mark.parametrize("model", MODELS, ids=[model.__name__ for model in MODELS])
def test_all_types_are_known(model, graph):
    loss = model()
    anchors = [op.outputs[0] for op in graph.get_operations() if op.type in ("VarHandleOp", "VariableV2")]
    ops = find_path([loss], anchors).ops
    assert len(ops) > 10 and loss.op in ops
    missing = {op.type for op in ops if trait_of(op) is None and not _compat.is_overridden(op)}
    assert not missing - set(CONTROL_FLOW)
