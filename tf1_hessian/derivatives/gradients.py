"""Audited reverse mode: None becomes zero only where the graph proves it is zero.

`tf.gradients` asks each op's gradient function and takes None for zero. Here the path is known first, and a None for an
input on the path is an error unless the op's definition makes it zero (zeros.py); so is an op without a gradient.
"""
import collections

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.derivatives import functional, repairs, slopes, zeros
from tf1_hessian.derivatives.anew import made_anew
from tf1_hessian.graph import control_flow
from tf1_hessian.graph.paths import carries_derivative, find_path
from tf1_hessian.graph.regions import region_of
from tf1_hessian.graph.scratch import key

__all__ = ["Options", "backprop"]

Options = collections.namedtuple(
    "Options", "colocate gate aggregation_method second columns", defaults=(False, False, None, True, False))
Options.__doc__ = """tf.gradients' three options; `second`: whether errors speak of second derivatives; `columns`:
whether many seeds are pulled back at once, so that what they have in common is laid apart from them (slopes.py)."""


def backprop(ys, xs, grad_ys=None, stop_gradients=(), options=Options()):
    """d(sum of ys)/dx for each x, in the default graph. None where the graph proves that it is zero.

    grad_ys: one tensor for each y, held constant; ones by default. stop_gradients: tensors held constant.
    """
    grad_ys = [None] * len(ys) if grad_ys is None else grad_ys
    stopped, anew = {key(t) for t in stop_gradients}, made_anew()
    path = find_path(ys, xs, anew.outputs)
    if anew.make(_results_met(path, stopped)):
        path = find_path(ys, xs, anew.outputs)
    return _Reverse(path, anew, stopped, options).run(ys, xs, grad_ys)


def _results_met(path, stopped):
    """The results of v1 loops that a gradient may arrive at, in topological order."""
    met, found = {key(t) for t in path.targets}, []
    for op in reversed(path.ops):
        if _is_end(op) or not any(key(o) in met and key(o) not in stopped for o in op.outputs):
            continue
        met.update(key(t) for t in path.reads[op])
        if region_of(op) is not None:
            found.append(op)
    return found[::-1]


def _is_end(op):
    """Whether nothing goes back through an op: its derivative is zero."""
    return zeros.is_zero(op) and not _is_passed(op)


def _is_passed(op):
    """Whether what arrives at an op is handed on as it is."""
    return repairs.is_moment_mean(op) or zeros.is_handed_on(op)


class _Reverse(object):
    """One reverse pass: `_incoming` holds what has arrived at each tensor so far."""

    def __init__(self, path, anew, stopped, options):
        self._path, self._stopped, self._options = path, stopped, options
        self._anew, self._failures = frozenset(anew.outputs), anew.failures
        self._incoming = collections.defaultdict(list)
        self._total = {}

    def run(self, ys, xs, grad_ys):
        for y, grad in zip(ys, grad_ys):
            self._incoming[key(y)].append(tf.ones_like(y) if grad is None else grad)
        for op in reversed(self._path.ops):
            self._through(op)
        return [self._arrived(x) for x in xs]

    def _arrived(self, tensor):
        """The sum of all gradients that reached a tensor, or None."""
        name = key(tensor)
        if name not in self._total and self._incoming[name]:
            self._total[name] = _compat.add_all(self._incoming[name], self._options.aggregation_method)
        return self._total.get(name)

    def _through(self, op):
        """Hands what arrived at an op's outputs on to its inputs."""
        arrived = [None if key(o) in self._stopped else self._arrived(o) for o in op.outputs]
        if all(g is None for g in arrived) or _is_end(op):
            return
        reads = self._path.reads[op]
        wanted = [self._path.connects(t) for t in reads]
        results = arrived if _is_passed(op) else self._pulled_back(op, arrived, wanted)
        if self._options.gate:
            results = _compat.gate(results)
        for tensor, grad in zip(reads, results):
            if grad is not None:
                self._incoming[key(tensor)].append(grad)

    def _pulled_back(self, op, arrived, wanted):
        if not (self._options.columns and slopes.has_slope(op)):
            return self._differentiate(op, arrived, wanted)
        slope, = self._differentiate(op, [tf.ones_like(op.outputs[0])], wanted)
        return [slopes.times_slope(op, arrived[0], slope)]

    def _differentiate(self, op, arrived, wanted):
        if not op.inputs:
            return arrived  # a stand-in: what reaches it reaches the tensor it stands for
        self._refuse(op, arrived)
        if op in self._anew:
            return arrived
        rule = functional.rule_for(op)
        with _op_scope(op, self._options.colocate):
            if rule is not None:
                return rule(op, arrived, wanted, backprop)
            rule = repairs.rule_for(op)
            if rule is not None:
                results = self._asked(op, lambda: rule(op, arrived, wanted, backprop))
            else:
                function = self._gradient_function(op)
                results = self._asked(op, lambda: function(op, *_no_gaps(op, arrived)))
            return [self._checked(op, i, g) if want else None for i, (g, want) in enumerate(zip(results, wanted))]

    def _refuse(self, op, arrived):
        if control_flow.is_of_v1_loop(op) and region_of(op) is None:
            raise errors.loop_on_path(op, self._path.describe(op), self._options.second)
        control_flow.refuse_copy(op, self._path, self._options.second)
        if op in self._failures:
            raise self._failures[op]
        ignored = zeros.outputs_ignored(op, arrived)
        if ignored:
            raise errors.lost(op, self._path.describe(op), "its gradient ignores output %d" % ignored[0])

    def _no_gradient(self, op, reason):
        return errors.no_gradient(op, self._path.describe(op), reason, self._options.second)

    def _gradient_function(self, op):
        try:
            function = _compat.gradient_function(op)
        except LookupError as error:
            reason = "TensorFlow %s registers no gradient for it." % tf.__version__
            if _compat.is_overridden(op):
                reason = ("Its custom gradient can't be found: it is a copy, or was imported, and Python gradients are "
                          "neither copied nor saved. Build a saved model by its own code instead.")
            raise self._no_gradient(op, reason) from error
        if function is None:
            raise errors.lost(op, self._path.describe(op), "it is registered as not differentiable")
        return function

    def _asked(self, op, call):
        """What a gradient function gives, as a list; where it fails, a refusal with its reason."""
        try:
            results = call()
        except (errors.NoDerivativeError, errors.LostDerivativeError):
            raise
        except LookupError as error:
            raise self._no_gradient(op, str(error).strip().rstrip(".") + ".") from error
        except NotImplementedError as error:
            reason = "TensorFlow %s says: %s." % (tf.__version__, str(error).strip().rstrip("."))
            raise self._no_gradient(op, reason) from error
        except Exception as error:
            reason = "Its gradient function fails: %s: %s." % (type(error).__name__, str(error).strip().rstrip("."))
            raise self._no_gradient(op, reason) from error
        return list(results) if isinstance(results, (list, tuple)) else [results]

    def _checked(self, op, index, grad):
        if grad is None:
            if _compat.is_overridden(op) or zeros.is_zero_input(op, index):
                return None
            raise errors.lost(op, self._path.describe(op), "its gradient for input %d is None" % index)
        grad = tf.convert_to_tensor(grad)
        source = op.inputs[index]
        if source.dtype not in (tf.resource, tf.variant):
            grad.set_shape(source.shape)
        return grad


def _no_gaps(op, arrived):
    """The incoming gradients with zeros for outputs that nothing came back through."""
    return [tf.zeros_like(o, optimize=False) if g is None and carries_derivative(o.dtype) else g
            for o, g in zip(op.outputs, arrived)]


class _op_scope(object):
    """The name scope of one op's gradient, placed with the op if asked for."""

    def __init__(self, op, colocate):
        self._name = tf.name_scope(op.name.rsplit("/", 1)[-1].lstrip("_") + "_grad")
        self._place = _compat.colocation_scope(tf.get_default_graph(), op) if colocate else None

    def __enter__(self):
        if self._place is not None:
            self._place.__enter__()
        self._name.__enter__()

    def __exit__(self, *failure):
        self._name.__exit__(*failure)
        if self._place is not None:
            self._place.__exit__(*failure)
