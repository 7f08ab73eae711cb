"""A model from disk, in a graph and a session of its own; nothing else changes."""
import re

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph.upstream import VARIABLES, ops_above
from tf1_hessian.models import files
from tf1_hessian.models.model import Model
from tf1_hessian.models.names import Names, placeholders_above, told_shape, trainable_sources
from tf1_hessian.models.suggestions import listed

__all__ = ["load_model"]


def load_model(path, loss=None, sources=None, checkpoint=None, *, tags=("serve",)):
    """Reads a model that was saved, by any TensorFlow from 1.13 on: a Model, `with model:` runs every call on it.

        with th.load_model("run/model.ckpt-1000", "loss:0", ["dense/kernel"]) as model:
            diagonal = th.evaluate(th.hessian_diag(model.loss, model.sources), model.feeds("batch.npz"))

    path: a checkpoint prefix with its .meta beside it, a .meta file, a folder of checkpoints (the latest is taken), a
    SavedModel folder (tags: which of its graphs), or a frozen GraphDef (.pb), whose sources are interior tensors.
    loss: "name", "name:0", or a signature's output; None for a model that is only looked at. sources: names of
    variables or tensors; None for all trainable variables that the loss depends on. checkpoint: another prefix to
    restore than the one beside a .meta.

    Raises FileNotFoundError, and ValueError for files that are damaged, names that do not exist (with the nearest),
    ops that this TensorFlow does not know, and variables that the loss needs and the checkpoint does not hold. Python
    code is not saved with a model: the gradient of a tf.custom_gradient on the path is a LookupError later on, and a
    tf.py_func can't run.
    """
    saved = files.read(path, checkpoint, tags)
    graph = tf.Graph()
    session = tf.Session(graph=graph)
    try:
        with graph.as_default():
            signatures = _loaded(saved, session)
            names = Names(graph, signatures)
            loss = None if loss is None else _loss(loss, names)
            if loss is not None:
                _initialize_tables(loss, session)
                _check_values(loss, saved, session)
            found = _sources(sources, loss, graph, names)
            placeholders = {t.op.name: t for t in placeholders_above(loss, graph)}
        return Model(saved, graph, session, names, signatures, loss, found, placeholders)
    except BaseException:
        session.close()
        raise


def _loaded(saved, session):
    """Imports and restores; the signatures of a SavedModel."""
    try:
        if saved.kind == files.SAVED_MODEL:
            saved.loader.load(session, sorted(saved.proto.meta_info_def.tags))
            return {name: tuple({n: t.name for n, t in side.items() if t.name} for side in (s.inputs, s.outputs))
                    for name, s in saved.proto.signature_def.items()}
        if saved.kind == files.GRAPH_DEF:
            tf.import_graph_def(saved.proto, name="")
            return {}
        saver = tf.train.import_meta_graph(saved.proto)
    except (KeyError, RuntimeError, TypeError, ValueError, OSError, tf.errors.OpError) as error:
        raise _not_imported(saved, error) from error
    _restore(saver, saved, session)
    return {}


def _not_imported(saved, error):
    """Of an unknown op, an attribute from another version, or a damaged file."""
    text = str(error)
    unknown = re.search(r"Op type not registered '(\w+)'", text) or re.match(r"^'?\"?No op named (\w+)", text)
    if unknown or isinstance(error, KeyError) and re.match(r"^'\w+'$", text):
        return ValueError("'%s' uses the op '%s', which TensorFlow %s does not have. Import the library that registers "
                          "it before (tf.load_op_library), or load it by the TensorFlow that wrote it." % (
                              saved.path, unknown.group(1) if unknown else text.strip("'"), tf.__version__))
    if "GraphDef-interpreting binary" in text:
        return ValueError("'%s' was written by TensorFlow %s, and %s can't read it: %s. Load it by a newer one." % (
            saved.path, saved.written_by or "of another version", tf.__version__,
            errors.first_line(text.split(";")[0])))
    if isinstance(error, (OSError, tf.errors.OpError)):
        return _not_restored(saved.path, error)
    return files.damaged(saved.path, "%s by TensorFlow %s" % (saved.kind, tf.__version__), errors.first_line(error))


def _restore(saver, saved, session):
    if saver is None:
        return
    if saved.checkpoint is None:
        raise FileNotFoundError("There is no checkpoint beside '%s': no file '%s.index'. Pass checkpoint=, the prefix "
                                "of one." % (saved.path, saved.path[:-len(".meta")]))
    try:
        saver.restore(session, saved.checkpoint)
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise _not_restored(saved.checkpoint, error) from error


def _not_restored(path, error):
    text = str(error)
    missing = re.search(r"Key (\S+) not found in checkpoint", text)
    if missing:
        return ValueError("The checkpoint '%s' does not hold '%s', a variable of the graph: it is of another graph." % (
            path, missing.group(1)))
    shapes = re.search(r"Assign requires shapes of both tensors to match[^\n\[]*(\[[^\n]*\])|"
                       r"tensor shape in checkpoint[^\n]*", text)
    reason = shapes.group(0) if shapes else errors.first_line(text.split("Original error:")[-1])
    return ValueError("The checkpoint '%s' can't be restored: %s. A file of it may be truncated, missing or of another "
                      "graph." % (path, re.sub(r"\s*\[\[.*|\s*\[Op:.*", "", reason)))


def _loss(name, names):
    tensor = names.tensor(name)
    if not tensor.dtype.base_dtype.is_floating:
        raise errors.wrong_dtype("The loss", tensor.name, tensor.dtype.base_dtype.name)
    return tensor


def _initialize_tables(loss, session):
    """Fills the lookup tables that the loss reads; a SavedModel has done so itself."""
    above = ops_above([loss.op])
    for initializer in session.graph.get_collection(tf.GraphKeys.TABLE_INITIALIZERS):
        if any(t.op in above for t in initializer.inputs):
            try:
                session.run(initializer)
            except (OSError, tf.errors.OpError) as error:
                raise ValueError("The lookup table that '%s' fills can't be filled: %s." % (
                    initializer.name, errors.first_line(error))) from error


def _check_values(loss, saved, session):
    """Raises where a variable that the loss reads has no value."""
    found = sorted((op for op in ops_above([loss.op]) if op.type in VARIABLES), key=lambda op: op.name)
    with tf.name_scope("is_initialized"):
        answers = session.run([_compat.is_initialized(op.outputs[0]) for op in found])
    empty = [op.name for op, has_value in zip(found, answers) if not has_value]
    if empty:
        raise ValueError("The loss '%s' reads %s, and '%s' has no value for %s. Save a checkpoint that holds all "
                         "variables of the graph." % (loss.name, listed("'%s'" % n for n in empty),
                                                      saved.checkpoint or saved.path,
                                                      "it" if len(empty) == 1 else "them"))
    _check_shapes([op for op in found if op.type == "VarHandleOp"], saved, session)


def _check_shapes(variables, saved, session):
    """Raises where a resource variable was restored in another shape: TensorFlow takes any."""
    with tf.name_scope("restored_shapes"):
        shapes = session.run([_compat.variable_shape(op.outputs[0]) for op in variables])
    for op, shape in zip(variables, shapes):
        static = tf.TensorShape(op.get_attr("shape"))
        shape = [int(size) for size in shape]
        if not static.is_compatible_with(shape):
            raise ValueError("The variable '%s' has shape %s in '%s' and %s in the graph: the checkpoint is of another "
                             "graph." % (op.name, shape, saved.checkpoint or saved.path, told_shape(static)))


def _sources(given, loss, graph, names):
    if given is None:
        return {} if loss is None else trainable_sources(loss, graph, names)
    given = [given] if isinstance(given, str) else list(given)
    if not given or len(set(given)) < len(given):
        raise errors.bad_option("sources", given, "at least one name, each once" if given else "at least one name")
    return {name: names.variable(name) for name in given}
