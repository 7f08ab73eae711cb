"""Traces of loss functions, kept as long as the functions: by signature, with sizes left open once they vary."""
import inspect
import weakref

from tf1_hessian import _compat, api, errors
from tf1_hessian._compat import tf

__all__ = ["answer", "planned"]

# fn, or the object of a bound method -> {signature: [_Trace]}
_KEPT = weakref.WeakKeyDictionary()


def answer(question, lay, jit_compile, options):
    """What lay(loss, xs, **options) gives for the loss that fn returns, as eager tensors."""
    _check(jit_compile, options)
    if not _compat.executes_eagerly():
        arguments, xs, vectors = question.filler()(question.tensors)
        return lay(question.fn(*arguments), xs, *([] if vectors is None else [vectors]), **options)
    when = options.get("verify", "first") if jit_compile else "never"
    trace = _trace_of(question, lay, jit_compile, options)
    if when == "always" or (when == "first" and not trace.is_checked):
        _trace_of(question, lay, False, options).run(question.tensors)
    trace.is_checked = True
    return trace.run(question.tensors)


def planned(question, quantity, options):
    """The plan of a traced loss."""
    found = []

    def lay(loss, xs, **_):
        found.append(api.plan(loss, xs, quantity, **options))
        return tf.zeros([])

    if not _compat.executes_eagerly():
        arguments, xs, _ = question.filler()(question.tensors)
        lay(question.fn(*arguments), xs)
    else:
        trace = _Trace(question, lay, False, {}, [t.shape for t in question.tensors])
        _compat.kept_with(trace.graph, "_tf1_hessian_trace")["trace"] = trace
        trace.graph.finalize()
    return found[0]


def _check(jit_compile, options):
    if not isinstance(jit_compile, bool):
        raise errors.bad_option("jit_compile", jit_compile, "True or False")
    if jit_compile and not _compat.XLA_KEEPS_NAN:
        raise errors.bad_option("jit_compile", jit_compile, "False on TensorFlow %s: before 2.15 XLA takes NaN - NaN "
                                "for 0" % tf.__version__)
    if options.get("jit") == "auto":
        raise errors.bad_option("jit", "auto", "True or False: it is th.evaluate that times both")


def _owner(fn):
    """(what lives as long as a function, what tells it from others of the same owner)"""
    return (fn.__self__, fn.__func__) if inspect.ismethod(fn) else (fn, None)


def _trace_of(question, lay, jit_compile, options):
    owner, name = _owner(question.fn)
    try:
        kept = _KEPT.setdefault(owner, {})
        signature = (name, question.signature, jit_compile, tuple(sorted(options.items())))
        traces = kept.setdefault(signature, [])
    except TypeError:  # neither the function nor an argument need be hashable
        traces = []
    shapes = [t.shape for t in question.tensors]
    traces[:] = [t for t in traces if question.is_alive(t.variables)]
    found = next((t for t in traces if t.takes(shapes)), None)
    if found is None:
        found = _traced(question, lay, jit_compile, options, shapes, traces)
        traces.append(found)
    return found


def _traced(question, lay, jit_compile, options, shapes, traces):
    open_shapes = _opened(shapes, traces[-1].shapes, question.free_axes()) if traces else None
    if open_shapes is not None:
        try:
            return _Trace(question, lay, jit_compile, options, open_shapes)
        except ValueError:
            pass  # something needs the size: a trace for each then
    return _Trace(question, lay, jit_compile, options, shapes)


def _opened(shapes, before, free):
    """The shapes with None where they differ from those before; None where they may not."""
    found = []
    for shape, old, axes in zip(shapes, before, free):
        differing = [i for i, (a, b) in enumerate(zip(shape.as_list(), old.as_list())) if a != b]
        if set(differing) - set(axes):
            return None
        found.append(tf.TensorShape([None if i in differing else d for i, d in enumerate(shape.as_list())]))
    return found


class _Trace(object):
    """A loss traced for tensors of some shapes."""

    def __init__(self, question, lay, jit_compile, options, shapes):
        self.shapes, self.variables, self.is_checked = shapes, question.weak_variables(), False
        failures = []
        traced = _loss_and(_weak(question.fn), question.filler(), _caught(lay, options, failures))
        signature = [[tf.TensorSpec(s, t.dtype) for s, t in zip(shapes, question.tensors)]]
        self._function = _compat.traced_function(traced, signature, jit_compile)
        try:
            self.graph = self._function.get_concrete_function().graph
        except Exception as error:
            raise (failures or [error])[0] from None

    def takes(self, shapes):
        """Whether tensors of such shapes fit."""
        return all(s.is_compatible_with(mine) for s, mine in zip(shapes, self.shapes))

    def run(self, tensors):
        """What it gives; a VerificationError as such."""
        try:
            return self._function(list(tensors))
        except tf.errors.OpError as error:
            text = str(error.message).partition(errors.VerificationError.__name__ + ": ")[2]
            if not text:
                raise
            raise errors.VerificationError(text.partition("\nTraceback")[0].strip()) from error


def _weak(fn):
    """A weak reference to a function; of a tf.function to the Python function in it: a call would hide draws of random
    numbers from the engine."""
    return weakref.WeakMethod(fn) if inspect.ismethod(fn) else weakref.ref(getattr(fn, "python_function", fn))


def _loss_and(fn, filled, laid):
    """What is traced, and converted by AutoGraph where fn needs that."""
    def traced(tensors):
        arguments, xs, vectors = filled(tensors)
        return laid(fn()(*arguments), xs, vectors)

    return traced


def _caught(lay, options, failures):
    """lay, whose refusals are kept as they are: AutoGraph makes others of them."""
    @_compat.unconverted
    def laid(loss, xs, vectors):
        try:
            return lay(loss, xs, *([] if vectors is None else [vectors]), **options)
        except Exception as error:
            failures.append(error)
            raise

    return laid
