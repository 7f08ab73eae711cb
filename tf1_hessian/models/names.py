"""What names mean in a loaded graph: tensors, variables, and the inputs and outputs of a SavedModel's signatures."""
from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph.paths import find_path
from tf1_hessian.graph.sources import anchors_of, resolve_sources
from tf1_hessian.graph.upstream import VARIABLES, ops_above
from tf1_hessian.models.suggestions import did_you_mean

__all__ = ["Names", "placeholders_above", "told_shape", "trainable_sources"]

PLACEHOLDERS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")


class Names(object):
    """Looks names up in a graph.

    signatures: {signature: (inputs, outputs)}, each {name: tensor name}; their names are used where no op has them.
    """

    def __init__(self, graph, signatures):
        self._graph = graph
        with graph.as_default():
            self._variables = {v.name: v for v in tf.global_variables()}
            self._parts = _partitioned(tf.global_variables())
        self._aliases = {}
        for inputs, outputs in signatures.values():
            for alias, name in list(inputs.items()) + list(outputs.items()):
                self._aliases.setdefault(alias, set()).add(name)

    @property
    def all(self):
        """Every name that can be meant."""
        return {op.name for op in self._graph.get_operations() if op.outputs} | set(self._parts) | set(self._aliases)

    def variable(self, name):
        """What can be differentiated with respect to: a variable by its name, or the tensor of a name."""
        full = name if ":" in name else name + ":0"
        if full in self._variables:
            return self._variables[full]
        return self._parts[name] if name in self._parts else self.tensor(name)

    def tensor(self, name):
        """The tensor called "name:0" or "name", or that a signature calls so. ValueError with the nearest names."""
        if not isinstance(name, str):
            raise TypeError("Expected the name of a tensor, such as 'loss:0', and got %r of type %s." % (
                name, type(name).__name__))
        found = self._in_graph(name)
        meant = self._aliases.get(name, set()) - {None if found is None else found.name}
        if found is not None and not meant:
            return found
        if len(meant) + (found is not None) > 1:
            raise ValueError("'%s' may be one of %s: a signature calls another tensor so. Write which one is meant." % (
                name, ", ".join(sorted("'%s'" % n for n in meant | ({found.name} if found is not None else set())))))
        if meant:
            return self._graph.get_tensor_by_name(meant.pop())
        raise ValueError("No tensor or variable is called '%s' in this model.%s" % (
            name, did_you_mean(name.split(":")[0], self.all)))

    def _in_graph(self, name):
        try:
            return self._graph.get_tensor_by_name(name if ":" in name else name + ":0")
        except (KeyError, ValueError):
            return None


def _partitioned(variables):
    """{name: PartitionedVariable} of the variables that were saved in parts."""
    slices = {}
    for v in variables:
        slice_info = getattr(v, "_save_slice_info", None)
        if slice_info is not None and getattr(slice_info, "full_name", None):
            slices.setdefault(slice_info.full_name, []).append((list(slice_info.var_offset), v))
    return {name: _joined(name, [v for _, v in sorted(found, key=lambda each: each[0])])
            for name, found in slices.items() if len(found) > 1}


def _joined(name, parts):
    full = list(parts[0]._save_slice_info.full_shape)
    counts = [len({tuple(v._save_slice_info.var_offset)[axis] for v in parts}) for axis in range(len(full))]
    return _compat.PartitionedVariable(name, full, parts[0].dtype.base_dtype, parts, counts)


def told_shape(shape):
    """[None, 3], the same in every version of TensorFlow; "unknown" where not even the rank is known."""
    found = _compat.dimensions(shape)
    return "unknown" if found is None else str(found)


def placeholders_above(loss, graph, fed=()):
    """The placeholders that a loss needs, in the order of the graph; all of the graph where loss is None.

    fed: names of tensors that are given, so that nothing above them is needed.
    """
    above = None if loss is None else ops_above([loss.op]) if not fed else _above(loss, frozenset(fed))
    return [op.outputs[0] for op in graph.get_operations()
            if op.type in PLACEHOLDERS and (above is None or op in above)]


def _above(loss, fed):
    seen, stack = set(), [] if loss.name in fed else [loss.op]
    while stack:
        op = stack.pop()
        if op not in seen:
            seen.add(op)
            stack.extend([t.op for t in op.inputs if t.name not in fed] + list(op.control_inputs))
    return seen


def trainable_sources(loss, graph, names):
    """{name: variable} of the trainable variables on the path to the loss; where the model does not tell which are
    trainable, of all variables there. ValueError where there is none.
    """
    with graph.as_default():
        trainable = {v.op.name: v for v in tf.trainable_variables()}
        known = trainable or {v.op.name: v for v in tf.global_variables()} or {
            op.name: op.outputs[0] for op in graph.get_operations() if op.type in VARIABLES}
    parts = {p.op.name: name for name, whole in names._parts.items() for p in whole}
    known = {name: v for name, v in known.items() if name not in parts}
    known.update((whole, names._parts[whole]) for whole in set(parts.values()))
    reached = {n: v for n, v in known.items() if _is_real(v) and _reaches(loss, v, graph)}
    if not reached:
        raise ValueError("The loss '%s' depends on no trainable variable of this model: pass sources=, names of "
                         "tensors to differentiate with respect to.%s" % (loss.name, _constants(loss)))
    return reached


def _is_real(variable):
    source = variable.op.get_attr("dtype") if isinstance(variable, tf.Tensor) else variable.dtype
    return tf.as_dtype(source).base_dtype.is_floating


def _reaches(loss, variable, graph):
    path = find_path([loss], anchors_of(resolve_sources(variable, graph)))
    return any(path.reached(a) for a in path.anchors)


def _constants(loss):
    """What a frozen graph has in the place of variables."""
    found = sorted(op.name for op in ops_above([loss.op])
                   if op.type in ("Const",) + PLACEHOLDERS and op.outputs[0].dtype.is_floating
                   and (_compat.count_elements(op.outputs[0].shape) != 1))
    return " It is computed from %s." % errors.listed("'%s'" % n for n in found) if found else ""
