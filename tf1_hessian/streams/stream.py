"""The public call for values over many batches."""
from tf1_hessian import __version__
from tf1_hessian.runners.dealing import dealt
from tf1_hessian.runners.streaming import Stream, graph_of, streamed
from tf1_hessian.streams.progress import reporting

__all__ = ["stream"]


def stream(value, batches, session=None, *, weight=None, reduce="mean", progress=None, checkpoint=None, every=None,
           executor=None):
    """The weighted mean, or sum, of a value over batches: numpy in the structure of the value, float64.

    value: what th.evaluate takes, tensors or plans in any structure; a SparseHessian gives a csr_matrix. It is
    evaluated in ONE session.run a batch, in the session given or the default one. batches: an iterable of feed_dicts;
    paths of .npz files with an array for each placeholder, by its name; or the iterator of
    tf.data.make_one_shot_iterator or make_initializable_iterator whose get_next() the value reads.

    weight: what a batch counts, 1 if None; a scalar tensor, evaluated in the same call, or a function of the feed_dict.
    Losses that are means over a batch need its size here. reduce: "mean", sum(w v) / sum(w), or "sum", sum(w v). Sums
    are in float64, and compensated, those of float32 in blocks of 16 batches; integers that are summed without weights
    stay integers.

    checkpoint: a file that keeps what is finished, written at the end, when anything is raised, and each `every`
    batches (an int) or seconds (a float; 30.0 by default); a crash while it is written leaves the one before. The same
    call goes on from it: batches must come in the same order, finished ones are passed over without being evaluated,
    and the result is the same to the last bit where TensorFlow gives a batch the same values. A finished checkpoint
    gives its result, and nothing runs; whether variables or data have changed since is not looked at then.

    progress: None for a bar (tqdm) on a terminal, True, False, or a function of (done, total, seconds): batches so far,
    of how many (None if unknown), seconds of this call.

    executor: workers that evaluate the batches: a ProcessPoolExecutor that spawns, joblib's get_reusable_executor(), a
    Dask distributed Client, anything with submit(); or a function that makes one, called again when a worker's death
    has broken it. `value` is then what rebuilds the model once a process: a picklable function without arguments (or a
    GraphRecipe) that builds it in the default graph and returns (value, session) or (value, weight, session); batches
    are feed_dicts or files, sent by the names of placeholders. Batches of lost workers are sent again; values are added
    in the order of the batches, so that the result, and a checkpoint, are those of one process, bit for bit; a value
    that draws, or reads an iterator, is a ValueError.

    Raises ValueError for a NaN or an infinity, with batch and tensor, for values whose shape changes, and where there
    is no batch; CheckpointError, a ValueError, for a damaged checkpoint and for one of another problem, other data or
    other values of variables, which is left as it was; OSError where it can't be written. What the batches raise passes
    through.
    """
    with reporting(progress, "batch") as report:
        if executor is not None:
            return dealt(value, batches, executor, session, weight, reduce, report, checkpoint, every, __version__)
        stream = Stream(value, weight, reduce, graph_of(session))
        return streamed(stream, batches, session, report, checkpoint, every, __version__)
