"""The exceptions, and the one place where their sentences are made: what was got, what was expected, the way out."""
import math

__all__ = ["LostDerivativeError", "NoDerivativeError", "NoSecondDerivativeError", "NotSeparableError",
           "VerificationError"]


class NoDerivativeError(LookupError):
    """An op between a source and the loss has no gradient in TensorFlow and none here."""


class NoSecondDerivativeError(NoDerivativeError):
    """The loss has a gradient, but some op of it (or of its gradient) can't be differentiated again."""


class LostDerivativeError(LookupError):
    """TensorFlow would drop a dependence in silence: a gradient of None where zero is not the truth."""


class NotSeparableError(ValueError):
    """The loss of one example depends on other examples."""


class NotVectorized(ValueError):
    """Several columns can't be laid at once; caught where they run one by one instead."""


class VerificationError(ArithmeticError):
    """A structured result and a plain product disagree: a bug of this library, or a singular point; it says which."""


def first_line(error):
    """The first line of an error's text, without its full stop; the name of its class where it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")


def counted(count, noun, many=None):
    """`1 column`, `3 columns`, `2 entries`."""
    many = many or (noun[:-1] + "ies" if noun.endswith("y") else noun + "s")
    return "%s %s" % (count, noun if str(count) == "1" else many)


def in_chunks(count, size):
    """How so many columns are laid, in words that follow their number."""
    return "" if count <= 1 else ", one by one" if size <= 1 else " in chunks of %d" % size


def listed(names, most=8):
    """`a, b, c and 7 more`."""
    names = list(names)
    more = len(names) - most
    return ", ".join(names[:most]) + (" and %d more" % more if more > 0 else "")


def no_gradient(op, path, reason, second):
    """An op for which there is no gradient function, or whose gradient function refuses."""
    kind = NoSecondDerivativeError if second else NoDerivativeError
    return kind(
        "No gradient defined for operation '%s' (op type: %s). It is on the path from a source to the loss: %s. %s "
        "Express it through ops that can be differentiated %s, or cut it off with tf.stop_gradient if its dependence "
        "is meant to be ignored." % (op.name, op.type, path, reason, "twice" if second else "there"))


def lost(op, path, reason):
    """An op that TensorFlow differentiates to None although its output depends on the source."""
    return LostDerivativeError(
        "TensorFlow loses the derivative through operation '%s' (op type: %s): %s. It is on the path from a source to "
        "the loss: %s. Its dependence is not zero, so neither None nor zero would be right. Express it through other "
        "ops, or cut it off with tf.stop_gradient if it is meant to be ignored." % (op.name, op.type, reason, path))


def _impossible(op, reason):
    """An op that no derivative can go through, wherever it stands."""
    return NoSecondDerivativeError(
        "No gradient defined for operation '%s' (op type: %s): %s" % (op.name, op.type, reason))


def hidden_in_loop(op):
    """A gradient of a v1 while loop upstream: what it depends on is hidden in stacks."""
    return _impossible(op, (
        "it belongs to the gradient of a v1 while loop, whose stacks hide what the loss depends on, and TensorFlow's "
        "second derivative of such a graph is wrong without an error. Call tf.enable_control_flow_v2() before the "
        "model is built, or unroll the loop."))


def loop_on_path(op, path, second):
    """A part of a loop where only the whole loop can be differentiated."""
    return no_gradient(
        op, path, "It stands inside a while loop (tf.while_loop, scan, map_fn, dynamic_rnn), and derivatives lead from "
        "what enters one to what it returns; or a branch of tf.cond reads the array: read it outside.", second)


def stateful_on_path(op, path, second):
    """A side effect between source and loss."""
    return no_gradient(
        op, path, "It is stateful or works on a reference, so that it can't be evaluated again nor differentiated "
        "through. Compute the loss without it.", second)


def twice_in_function(op, body):
    """A random draw, an input or an assignment inside a function that must be evaluated again."""
    return _impossible(op, (
        "it is stateful and stands inside the function '%s' (a branch of tf.cond, or a tf.function) on the path from "
        "a source to the loss. Its derivative would draw or read again, and belong to another loss. Move it out: draw "
        "or read first, and use the result in the branch; or call tf.disable_control_flow_v2() before the model is "
        "built." % body))


def twice_in_loop(op, loop):
    """A random draw, an input or an assignment inside a loop that must be evaluated again."""
    return _impossible(op, (
        "it is stateful and stands inside the loop '%s' on the path from a source to the loss. A derivative runs the "
        "loop again, and would draw or read anew. Draw or read before the loop and pass it in as a loop variable, a "
        "captured tensor or an element of a TensorArray; for DropoutWrapper, variational_recurrent=True does so."
        % loop))


def unreadable_loop(op):
    """An Exit that no tf.while_loop made."""
    return _impossible(op, "it does not belong to a loop as tf.while_loop builds it. Build it with tf.while_loop.")


def array_out_of_order(op):
    """TensorArray.scatter of an unknown number of rows, not to 0, 1, 2, ... of an unwritten array."""
    return _impossible(op, (
        "it scatters an unknown number of rows into a TensorArray that a loop uses, at indices other than 0, 1, 2, ... "
        "or after other writes. Give the rows a known number, write them one by one, or unstack them alone."))


def array_of_loop(op, what):
    """What TensorArrays of loops can't do that can't be unrolled; what: "TensorArray.concat and split"."""
    return _impossible(op, (
        "%s are possible only where the graph tells how often each loop runs. Use stack and unstack of arrays of fixed "
        "size, or give the loop a fixed number of iterations." % what))


def shared_storage(name, other):
    """Two handles of one variable's storage."""
    return ValueError(
        "'%s' and '%s' are two handles of one variable's storage (a graph that was imported twice, or one shared_name "
        "for both), so that a derivative with respect to one of them alone would count a part of its reads. Give each "
        "its own shared_name, or build the loss on one of them." % (name, other))


def reads_at_two_times(name, op, remedy):
    """A variable that is read before and after an assignment."""
    return ValueError(
        "'%s' is read several times, and operation '%s' reads it after another op has run, so that its values may "
        "differ: which is meant? Read it once and build the loss from that tensor, or %s." % (name, op.name, remedy))


def not_in_double(op):
    """A custom gradient on the path of a loss that is to be copied in another precision."""
    return ValueError(
        "precision='float64' can't be used here: operation '%s' has a custom gradient, which closes over the tensors "
        "of its call, and the loss must be copied. Leave precision out, or build the model in float64." % op.name)


def unreadable_conditional(op):
    """A Merge whose branches can't be told apart."""
    return _impossible(op, "it merges branches that do not belong to one tf.cond. Build the conditional with tf.cond.")


def no_path(names, loss_name):
    """None of the sources reaches the loss."""
    return ValueError(
        "The loss '%s' does not depend on %s: no path of floating-point tensors leads from there to it. A tensor made "
        "after the loss, such as x[0], tf.identity(x) or a new read of a variable, is not what the loss reads: pass "
        "the variable or the tensor that the loss was built from." % (loss_name, ", ".join("'%s'" % n for n in names)))


def wrong_dtype(what, name, dtype):
    """A source or loss that is not real floating point."""
    return ValueError(
        "%s '%s' has dtype %s; second derivatives need a real floating-point dtype. Differentiate with respect to the "
        "real tensor that it is computed from, or cast in the model." % (what, name, dtype))


def other_graph(name):
    """A tensor of another graph than the loss's."""
    return ValueError("'%s' is not in the graph of the loss. Pass a tensor or variable of the same tf.Graph, or its "
                      "name." % name)


def unknown_size(name, shape):
    """A size that is needed and not known."""
    return ValueError(
        "The size of '%s' must be known to lay out one column an element, and its static shape is %s. Give it a static "
        "shape (set_shape, or a placeholder with every dimension); th.hvp and th.gradients need none." % (name, shape))


def mixed_dtypes(dtypes):
    """One matrix of several dtypes."""
    return ValueError(
        "flat=True gives one matrix, and the sources have dtypes %s. Leave flat out for one tensor a block, or ask for "
        "the sources of each dtype apart." % ", ".join(dtypes))


def unknown_name(name, near):
    """A name that no tensor has."""
    return ValueError(
        "No tensor or variable is called '%s' in this graph.%s"
        % (name, " Did you mean %s?" % ", ".join("'%s'" % n for n in near) if near else ""))


def not_a_source(x):
    """Something that nothing can be differentiated with respect to."""
    return TypeError(
        "Expected a variable, a tensor, a name such as 'w:0', or a list, tuple or dict of these, and got %r of type %s."
        % (x, type(x).__name__))


def not_a_loss(loss):
    """Something that can't be differentiated."""
    return TypeError(
        "Expected a tensor, its name, or a list of these as the loss, and got %r of type %s."
        % (loss, type(loss).__name__))


def eager(call):
    """A graph call in eager mode."""
    return RuntimeError(
        "th.%s works on graphs, and eager execution is enabled. Build the model in a tf.Graph (tf.compat.v1."
        "disable_eager_execution() at the start of a ported script, or `with tf.Graph().as_default():`). In TF2 code, "
        "call it inside a tf.function, or th.tf2 on a Python function; tf.GradientTape differentiates both." % call)


def finalized():
    """A graph that takes no more ops."""
    return RuntimeError(
        "The graph is finalized and can't be added to: a MonitoredSession, a Supervisor or graph.finalize() closed it. "
        "Build the derivatives before the session is made; they are ordinary tensors that it can fetch later.")


def upstream(inner, outer):
    """One source is computed from another one."""
    return ValueError(
        "'%s' is computed from '%s', so the cross block between them is ambiguous (is '%s' held fixed, or does it "
        "follow?). Ask for them in two calls, or separate them in the model." % (inner, outer, inner))


def bad_option(name, got, expected):
    """An option outside its range."""
    return ValueError("%s=%r is not possible; expected %s." % (name, got, expected))


def engine_does_not_fit(engine, reason):
    """A forced engine that can't do this graph."""
    return ValueError("engine=%r can't be used here: %s. engine='auto' chooses one that can." % (engine, reason))


def not_separable(op, source, remedy="engine='vectorized' or 'loop', which take a column for each element"):
    """An op that mixes the examples of a batch."""
    return NotSeparableError(
        "The examples can't be told apart below '%s': operation '%s' (op type: %s) mixes them, so that one example's "
        "loss depends on others. Leave it out of the loss, make its numbers fixed (batch norm: training=False), or use "
        "%s and are right for such losses too." % (source, op.name, op.type, remedy))


def over_limit(name, limit, found, plan):
    """A plan that costs more than was allowed."""
    return ValueError("%s=%s, and the plan takes %s: %s. Raise the limit, or ask for fewer sources." % (
        name, limit, found, plan))


def not_verified(comparison, plan):
    """An entry that two ways of computing give differently."""
    return VerificationError(
        "The entry %s of '%s' is %r by the plan and %r by a product with the Hessian. This is a bug of tf1_hessian: "
        "please report it with the plan below; engine='vectorized' or 'loop' gives the exact diagonal meanwhile. "
        "verify='never' switches this check off.\n%s" % (
            list(comparison.index), comparison.source, comparison.value, comparison.exact, plan))


def not_finite(comparison, plan):
    """Two ways that can't be compared, since one meets a number that is not finite."""
    singular = ("the point is singular. A second derivative is not finite there, as those of tf.sqrt, tf.log, a norm "
                "or a division at 0, or overflows its dtype. This is no bug of tf1_hessian: take")
    alone = "the plan alone meets such a number on its way. engine='loop' gives what products give; or take"
    return VerificationError(
        "The entry %s of '%s' is %r by the plan and %r by a product with the Hessian, which can't be compared: %s "
        "another point, or an op that is smooth there, such as tf.sqrt(x + 1e-12); verify='never' gives the numbers as "
        "they are.\n%s" % (list(comparison.index), comparison.source, comparison.value, comparison.exact,
                           alone if math.isfinite(comparison.exact) else singular, plan))


def no_session():
    """Nothing to evaluate in."""
    return ValueError("Cannot evaluate: no session was given and no default session is registered. Use `with "
                      "sess.as_default()` or pass session=.")


def not_fetchable(leaf):
    """A fetch that a session can't run."""
    return TypeError(
        "Expected tensors, variables, operations, names or results of this library to fetch, and got %r of type %s." % (
            leaf, type(leaf).__name__))
