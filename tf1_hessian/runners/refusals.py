"""What is refused while batches run, in sentences, as in errors."""
import errno

from tf1_hessian import errors

__all__ = [
    "CheckpointError", "bad_batches", "changed_kind", "changed_shape", "damaged", "differs_by_call", "endless",
    "fewer_batches", "lost_task", "no_batches", "no_room", "no_weight", "not_a_file", "not_a_number", "not_finite",
    "not_ours", "other_batches", "other_problem", "overflow", "too_large", "unskippable", "unsummable", "unwritable",
    "wrong_feed", "wrong_weight",
]


class CheckpointError(ValueError):
    """A checkpoint that is damaged, or of another problem. It is left as it was."""


def damaged(path, reason):
    """A file that can't be read as a checkpoint."""
    return CheckpointError(
        "'%s' is no checkpoint of tf1_hessian, or a damaged one (%s). It is left as it was: name another file, or "
        "remove it to start anew." % (path, reason))


def other_problem(path, name, there, here):
    """A checkpoint that was made from another question."""
    return CheckpointError(
        "The checkpoint '%s' is of another problem: %s is %s there and %s here. It is left as it was: name another "
        "file, or remove it to start anew." % (path, name, _short(there), _short(here)))


def _short(value, most=200):
    text = repr(value)
    return text if len(text) <= most else text[:most - 3] + "..."


def other_batches(path, count):
    """Batches that are not those a checkpoint was made from."""
    return CheckpointError(
        "The checkpoint '%s' is of other data: %s finished in it, and these begin with others. They are skipped "
        "by position, so the order must be the same each time (a shuffle needs a seed). It is left as it was: name "
        "another file, or remove it to start anew." % (path, errors.counted(count, "batch is", "batches are")))


def fewer_batches(path, count, found):
    """A checkpoint of more, or of other, batches than there are."""
    return CheckpointError(
        "The checkpoint '%s' is of other data: it holds %s, and here %s %d. It is left as it was: name "
        "another file, or remove it to start anew." % (
            path, errors.counted(count, "batch", "batches"), "is" if found == 1 else "are", found))


def unwritable(error, path, stands):
    """An OSError of the same kind that names the file."""
    return OSError(error.errno, "%s: '%s' can't be written%s" % (
        error.strerror or errors.first_line(error), path, ", and what it held before stands" if stands else ""), path)


def not_a_number(dtype, name, batch):
    """A value that can't be added up."""
    return ValueError("'%s' has dtype %s in batch %d, and numbers alone can be added up." % (name, dtype, batch))


def too_large(name, batch):
    """An integer that float64 does not hold."""
    return ValueError(
        "'%s' holds an integer beyond 2**53 in batch %d, which float64 can't hold. Cast it in the graph." % (
            name, batch))


def not_finite(value, weight, name, batch):
    """NaN or infinity, which would pass into the result in silence."""
    return ValueError(
        "'%s' is not finite in batch %d (counted from 0): it holds %s%s. The sums before it are kept; a batch that "
        "must not count can be left out of the batches." % (
            name, batch, _odd(value), "" if weight is None else ", with weight %r" % weight))


def _odd(value):
    flat = [v for v in value.ravel().tolist() if v != v or v in (float("inf"), -float("inf"))]
    return flat[0] if flat else "numbers whose products with the weight are beyond float64"


def changed_shape(name, batch, before, now):
    """A value whose shape depends on the batch."""
    return ValueError(
        "'%s' has shape %s in batch %d (counted from 0) and %s before: values of one shape alone can be added up. Give "
        "all batches one size, or reduce over the batch in the graph." % (name, list(now), batch, list(before)))


def changed_kind(name, batch):
    """A value that is complex in some batches only."""
    return ValueError(
        "'%s' is complex in one of batch %d (counted from 0) and those before, and real in the other." % (name, batch))


def no_batches():
    """Nothing to add up."""
    return ValueError(
        "There was no batch to add up: batches is empty. A generator, or a tf.data iterator, that was read before must "
        "be made or initialised anew.")


def no_weight():
    """A mean of nothing."""
    return ValueError("The weights of all batches add up to zero, so that there is no mean. reduce='sum' needs none.")


def overflow(name):
    """A sum beyond float64."""
    return ValueError("The sum of '%s' is beyond float64. Scale the loss, or the weights." % name)


def unsummable(leaf, what):
    """A fetch that is known to be no number before anything runs."""
    return ValueError("%s is %s, and numbers alone can be added up. %s" % (
        getattr(leaf, "name", leaf), what, "Fetch it by th.evaluate."))


def wrong_weight(weight, batch):
    """A weight that is no finite number."""
    return ValueError("The weight of batch %d (counted from 0) is %s; expected one finite number." % (
        batch, _short(weight)))


def bad_batches(batches):
    """What no batches can be taken from."""
    return TypeError(
        "batches=%s is not possible; expected an iterable of feed_dicts, a list of .npz files, or the iterator of "
        "tf.data.make_one_shot_iterator or make_initializable_iterator whose get_next() the value reads. One "
        "feed_dict, or one file, goes into a list." % _short(batches))


def wrong_feed(feed, batch):
    """An item of batches that can't be fed."""
    return TypeError("Batch %d (counted from 0) is %s of type %s; expected a feed_dict or the path of an .npz file." % (
        batch, _short(feed), type(feed).__name__))


def not_a_file(path, batch, reason):
    """A file of a batch that can't be read."""
    return ValueError("Batch %d (counted from 0), the file '%s', can't be read: %s. Expected what np.savez writes, an "
                      "array of numbers for each placeholder, by its name." % (batch, path, reason))


def endless(name):
    """An iterator that the value does not depend on."""
    return ValueError(
        "Nothing that is to be added up reads get_next() of the iterator '%s', so that its batches would never end. "
        "Pass the iterator that the loss reads, or feed_dicts." % name)


def unskippable(op):
    """What goes on with each batch that is evaluated, and would stay behind where finished ones are passed over."""
    return ValueError(
        "checkpoint= is not possible here: '%s' (%s) reads input or assigns with each batch, and would be left behind "
        "when finished batches are passed over. Feed what it gives; or, for the get_next() of a tf.data iterator, call "
        "it outside of functions and branches, and pass the iterator as batches." % (op.name, op.type))


def lost_task(error):
    """TensorFlow's own error for a task of a cluster that is gone or does not answer, with the way out."""
    return type(error)(error.node_def, error.op, (
        "%s\nA task of the session's cluster was lost, or did not answer in time. Start it again, open a new session, "
        "restore the variables, and call again: th.stream with checkpoint= goes on from the last batch that it kept. "
        "TensorFlow 1 may wait for a lost task for ever: tf.ConfigProto(operation_timeout_in_ms=...) sets an end." % (
            error.message)))


def differs_by_call(op):
    """What makes each session call one of another loss."""
    return ValueError(
        "'%s' (%s) draws, reads input or assigns above the loss, so that each session call is of another loss, and "
        "rows of several calls belong to no one Hessian. Evaluate what it gives once, and feed that: feed_dict may "
        "hold any tensor." % (op.name, op.type))


def no_room(path, needed, free):
    """A result that the disk can't hold."""
    return OSError(errno.ENOSPC, "No space left on device: '%s' takes %d bytes more, and %d are free" % (
        path, needed, free), path)


def not_ours(path, progress):
    """A file in the place of a result that is to be written."""
    return CheckpointError(
        "'%s' exists, and no '%s' that tells what it is of. It is left as it was: name another file, or remove it." % (
            path, progress))
