"""Every scenario with every engine and dtype against truth that was found without the library."""
import re
import zlib

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import tf1_hessian as th
from catalogue import SCENARIOS, truths_of
from finite_differences import leaves
from refusals import REFUSALS, refusal_of
from scenario import ENGINES
from shares import share

DTYPES = ("float64", "float32")
NAMES = sorted(name for name in SCENARIOS if SCENARIOS[name].refused is None)
REFUSED = sorted(set(SCENARIOS) - set(NAMES))
# In float32 chunks smaller than the sources are laid, so that most columns run in loops.
CHUNKS = {"float64": None, "float32": 2}
# Of the largest entry. The finite differences are good to 1e-10 of it.
TOLERANCE = {"float64": 1e-9, "float32": 1e-4}

# Some of each kind meet every engine, on TF 2 in both dtypes, with the full Hessian in one and the diagonal in the
# other. The others meet two engines on TF 1.x and the other two on TF 2, since building takes the time: over both ends
# each scenario meets each engine where TF1_HESSIAN_WHOLE=1, and some of them else (tests/shares.py). An engine that
# refuses in some version is asked in each, and so are loops that meet one engine: those are asked for the full Hessian
# as frames, and for the diagonal as functional whiles.
BROAD = frozenset([
    "after_import_meta_graph_of_refs", "average_pooling", "cond_reads_ref_inside_v1", "cond_reads_resource_inside_v2",
    "convolution_of_image", "convolution_of_kernel", "dense_sigmoid_ref_and_resource", "dense_tanh", "dropout",
    "embedding_lookup_in_resource", "fourier_power", "gather_from_ref", "interior_tensor_that_is_fed", "keras_dense",
    "max_pooling", "one_shot_iterator", "physics_informed_network", "ref_by_name", "root_function",
    "sigmoid_cross_entropy", "softmax_cross_entropy", "tf_layers_network",
])
IS_TF2 = tf.__version__ > "2"
SHARE = frozenset(share(NAMES, 8))
# Without a counterpart at the other end.
AT_ONE_END = frozenset([
    "sparse_softmax_cross_entropy", "tf_layers_batch_norm_inference", "tf_layers_convolution", "tf_layers_dropout"])


def _turn(name, engine):
    """A number that spreads engines, dtypes and quantities over the scenarios, the same in each version."""
    return zlib.crc32(name.encode("utf-8")) // 7 + ENGINES.index(engine)


def _is_met(name, engine):
    """Whether this version's turn is due."""
    if name in BROAD | AT_ONE_END or len(SCENARIOS[name].engines) == 1:
        return True
    if any(r.engine == engine and name in r.scenarios for r in REFUSALS):
        return True
    return _turn(name, engine) % 2 == IS_TF2 and name in SHARE


def _dtypes(name, engine):
    return DTYPES if name in BROAD and IS_TF2 else (DTYPES[_turn(name, engine) // 2 % 2],)


def _quantity(name, engine, dtype):
    if len(SCENARIOS[name].engines) == 1 and name.endswith(("_v1", "_v2")):
        return "full" if name.endswith("_v1") else "diag"
    return ("full", "diag")[(_turn(name, engine) // 4 + DTYPES.index(dtype)) % 2]


_ALL = [(n, e, d) for n in NAMES for e in SCENARIOS[n].engines if _is_met(n, e) for d in _dtypes(n, e)]
_WORKING = [c for c in _ALL if refusal_of(c[1], c[0]) is None]
_REFUSING = [c for c in _ALL if refusal_of(c[1], c[0]) is not None]


def _assert_close(got, true, dtype="float64"):
    scale = np.max(np.abs(true)) or 1.0
    assert np.shape(got) == np.shape(true)
    np.testing.assert_allclose(np.asarray(got, np.float64) / scale, true / scale, rtol=0, atol=TOLERANCE[dtype])


def _flat(values):
    return np.concatenate([np.ravel(v) for v in leaves(values)])


def _evaluated(name, case, fetches):
    """(the values of fetches, the true Hessian) for each feed; the draw and all fetches are of one session call."""
    with case.session() as session:
        for feed, truth in zip(case.feeds, truths_of(name)):
            values, drawn = th.evaluate([fetches, case.drawn], feed, session)
            yield values, truth.hessian_of(drawn)


def _packed_as(xs, values):
    """The values, an iterator, in the structure of xs."""
    if isinstance(xs, dict):
        return {k: _packed_as(xs[k], values) for k in sorted(xs)}
    return type(xs)(_packed_as(x, values) for x in xs) if isinstance(xs, (list, tuple)) else next(values)


@pytest.mark.parametrize("name,engine,dtype", _WORKING)
def test_hessian_or_diagonal(name, engine, dtype):
    case, zeros = SCENARIOS[name].build(tf.as_dtype(dtype)), SCENARIOS[name].zeros
    options = {"engine": engine, "chunk_size": CHUNKS[dtype]}
    if _quantity(name, engine, dtype) == "full":
        for matrix, true in _evaluated(name, case, th.hessian(case.loss, case.xs, flat=True, **options)):
            assert matrix.dtype == dtype
            _assert_close(matrix, true, dtype)
            assert [matrix[r, c] for r, c in zeros] == [0] * len(zeros)
    else:
        for entries, true in _evaluated(name, case, th.hessian_diag(case.loss, case.xs, **options)):
            _assert_close(_flat(entries), np.diag(true), dtype)
            assert [_flat(entries)[r] for r, c in zeros if r == c and _flat(entries)[r] != 0] == []


@pytest.mark.parametrize("name", sorted(BROAD & set(NAMES)))
def test_auto_gives_blocks_diagonals_and_products_in_the_structure_of_xs(name):
    case = SCENARIOS[name].build(tf.float64)
    xs = case.xs if isinstance(case.xs, (dict, list, tuple)) else [case.xs]
    shapes = truths_of(name)[0].shapes
    vectors = [np.random.RandomState(i).uniform(-1, 1, s) for i, s in enumerate(shapes)]
    results = [th.hessian(case.loss, xs), th.hessian_diag(case.loss, xs),
               th.hvp(case.loss, xs, _packed_as(xs, iter(vectors)))]
    for (blocks, diagonal, moved), true in _evaluated(name, case, results):
        assert {type(blocks), type(diagonal), type(moved)} == {type(xs)}
        assert [np.shape(b) for b in leaves(blocks)] == [r + c for r in shapes for c in shapes]
        assert [np.shape(d) for d in leaves(diagonal)] == [np.shape(m) for m in leaves(moved)] == shapes
        _assert_close(_joined(leaves(blocks), [v.size for v in vectors]), true)
        _assert_close(_flat(diagonal), np.diag(true))
        # d(g . v)/dx: the transpose counts where a gradient that users define makes H unsymmetric.
        _assert_close(_flat(moved), true.T @ _flat(vectors))


def _joined(blocks, sizes):
    """The matrix of all blocks, given row by row."""
    blocks = iter(blocks)
    return np.block([[next(blocks).reshape(r, c) for c in sizes] for r in sizes])


@pytest.mark.parametrize("name,engine,dtype", _REFUSING)
def test_refusals_name_engine_and_reason_and_add_nothing(name, engine, dtype):
    case = SCENARIOS[name].build(tf.as_dtype(dtype))
    before = tf.get_default_graph().as_graph_def()
    call = {"full": th.hessian, "diag": th.hessian_diag}[_quantity(name, engine, dtype)]
    with pytest.raises(ValueError) as raised:
        call(case.loss, case.xs, engine=engine)
    assert "engine='%s'" % engine in str(raised.value)
    assert re.search(refusal_of(engine, name).reason, str(raised.value))
    assert tf.get_default_graph().as_graph_def() == before


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_engine_can_do_is_refused_by_each(name):
    case = SCENARIOS[name].build(tf.float64)
    before = tf.get_default_graph().as_graph_def()
    for engine in ENGINES:
        for call in (th.hessian, th.hessian_diag):
            with pytest.raises(th.NoSecondDerivativeError, match=SCENARIOS[name].refused):
                call(case.loss, case.xs, engine=engine)
    assert tf.get_default_graph().as_graph_def() == before


def test_auto_and_loop_never_refuse():
    assert {r.engine for r in REFUSALS} <= {"slices", "vectorized"}


@pytest.mark.parametrize("name", [n for n in NAMES if SCENARIOS[n].differences])
def test_the_truths_agree_with_each_other(name):
    """Finite differences start from tf.gradients: the loss has the word on those, closed forms on the Hessian."""
    for truth in truths_of(name):
        np.testing.assert_allclose(truth.predicted_slope, truth.slope, rtol=1e-8, atol=1e-9)
        _assert_close(truth.differences, truth.hessian_of(truth.drawn))
