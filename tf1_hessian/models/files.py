"""What stands on disk, found and read; nothing of it is in a graph yet."""
import collections
import os

from google.protobuf.message import DecodeError

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.models.suggestions import did_you_mean

__all__ = ["GRAPH_DEF", "META_GRAPH", "SAVED_MODEL", "Saved", "damaged", "prefix_of", "read"]

META_GRAPH, SAVED_MODEL, GRAPH_DEF = "MetaGraph", "SavedModel", "GraphDef"



class Saved(collections.namedtuple("Saved", "kind path proto checkpoint loader files")):
    """A model as it was read. proto: its MetaGraphDef or GraphDef; checkpoint: a prefix, or None; loader: of a
    SavedModel; files: all that its numbers come from.
    """

    __slots__ = ()

    @property
    def written_by(self):
        """The version of TensorFlow that wrote it, or None where it does not tell."""
        return getattr(getattr(self.proto, "meta_info_def", None), "tensorflow_version", "") or None


_SAVED_MODEL_FILES = ("saved_model.pb", "saved_model.pbtxt")
# What ends the name of a file of a checkpoint, whose prefix is the rest.
_ENDS = (".index", ".data-")
# Marks that a process gives, and that mean something else, or nothing, in the next one.
_MARKS = {"_gradient_op_type": b"CustomGradient-", "token": b"pyfunc_"}


def read(path, checkpoint, tags):
    """The Saved of a path. FileNotFoundError, or ValueError where it is damaged or no model."""
    kind, path = _located(os.fspath(path))
    if kind == SAVED_MODEL:
        return _saved_model(path, checkpoint, tags)
    if kind == META_GRAPH:
        found = _checkpoint_of(path, checkpoint)
        proto = _parsed(tf.MetaGraphDef(), path, kind)
        _localize(proto.graph_def, path, kind)
        return Saved(kind, path, proto, found, None, [path] + _files_of(found))
    if checkpoint is not None:
        raise errors.bad_option("checkpoint", checkpoint, "none with a GraphDef, which has no saver: pass the .meta "
                                "file that was written with the checkpoint")
    proto = _parsed(tf.GraphDef(), path, kind)
    _localize(proto, path, kind)
    return Saved(kind, path, proto, None, None, [path])


def damaged(path, kind, reason):
    """A file that does not hold what its name says."""
    return ValueError("'%s' can't be read as a %s: %s. It may be truncated, or of another kind." % (path, kind, reason))


def _located(path):
    """(kind, file or folder) of what a path means: a prefix, a file or a folder."""
    if tf.gfile.IsDirectory(path):
        return _in_folder(path)
    if os.path.basename(path) in _SAVED_MODEL_FILES and tf.gfile.Exists(path):
        return SAVED_MODEL, os.path.dirname(path) or "."
    meta = path if path.endswith(".meta") else prefix_of(path) + ".meta"
    if tf.gfile.Exists(meta):
        return META_GRAPH, meta
    if tf.gfile.Exists(path):
        if path != prefix_of(path):
            raise FileNotFoundError("'%s' is a checkpoint without its graph: '%s' is not beside it. tf.train.Saver."
                                    "save writes it unless write_meta_graph=False." % (path, meta))
        return GRAPH_DEF, path
    raise FileNotFoundError("There is no model '%s'.%s Expected a checkpoint prefix with its .meta beside it, a .meta, "
                            "a SavedModel folder or a .pb." % (path, _suggested(path)))


def _in_folder(path):
    if any(tf.gfile.Exists(os.path.join(path, name)) for name in _SAVED_MODEL_FILES):
        return SAVED_MODEL, path
    latest = tf.train.latest_checkpoint(path)
    if latest is not None and tf.gfile.Exists(latest + ".meta"):
        return META_GRAPH, latest + ".meta"
    raise FileNotFoundError("The folder '%s' holds no model: neither saved_model.pb, nor a file 'checkpoint' that "
                            "names a checkpoint with its .meta. It holds: %s." % (
                                path, errors.listed(sorted(tf.gfile.ListDirectory(path))) or "nothing"))


def prefix_of(path):
    """The prefix of a checkpoint that one of its files belongs to; anything else as it is."""
    folder, name = os.path.split(path)
    for end in _ENDS:
        if end in name:
            return os.path.join(folder, name[:name.rindex(end)])
    return path


def _suggested(path):
    folder, name = os.path.split(path)
    if not tf.gfile.IsDirectory(folder or "."):
        return " There is no folder '%s' either." % folder
    there = [f for f in tf.gfile.ListDirectory(folder or ".") if f.endswith((".meta", ".pb"))]
    return did_you_mean(name, {f[:-len(".meta")] if f.endswith(".meta") else f for f in there})


def _checkpoint_of(meta, given):
    """The prefix of the checkpoint that goes with a .meta file, or None where there is none beside it."""
    prefix = meta[:-len(".meta")] if given is None else prefix_of(os.fspath(given))
    if given is not None and tf.gfile.IsDirectory(prefix):
        prefix = tf.train.latest_checkpoint(prefix) or prefix
    if tf.gfile.Exists(prefix + ".index") or _is_file(prefix):
        return prefix
    if given is None:
        return None
    raise FileNotFoundError("There is no checkpoint '%s': no file '%s.index'.%s" % (given, prefix, _suggested(prefix)))


def _is_file(path):
    return tf.gfile.Exists(path) and not tf.gfile.IsDirectory(path)


def _files_of(prefix):
    """The files of a checkpoint."""
    folder, name = os.path.split(prefix or "")
    if not name or not tf.gfile.IsDirectory(folder or "."):
        return []
    return sorted(os.path.join(folder, f) for f in tf.gfile.ListDirectory(folder or ".")
                  if f in (name, name + ".index") or f.startswith(name + ".data-"))


def _parsed(proto, path, kind):
    with tf.gfile.GFile(path, "rb") as file:
        text = file.read()
    try:
        proto.ParseFromString(text)
    except DecodeError as error:
        raise damaged(path, kind, errors.first_line(error)) from error
    return proto


def _saved_model(folder, checkpoint, tags):
    if checkpoint is not None:
        raise errors.bad_option("checkpoint", checkpoint, "none with a SavedModel, which brings its variables along")
    try:
        loader = _compat.SavedModelLoader(folder)
    except (DecodeError, OSError, tf.errors.OpError, ValueError) as error:
        raise damaged(folder, SAVED_MODEL, errors.first_line(error)) from error
    try:
        proto = loader.get_meta_graph_def_from_tags(set(tags))
    except RuntimeError as error:
        told = [sorted(m.meta_info_def.tags) for m in loader.saved_model.meta_graphs]
        raise ValueError("The SavedModel '%s' has no graph with the tags %s; it has graphs with %s. Pass tags=." % (
            folder, sorted(tags), told)) from error
    _localize(proto.graph_def, folder, SAVED_MODEL)
    variables = os.path.join(folder, "variables", "variables")
    files = [os.path.join(folder, n) for n in _SAVED_MODEL_FILES if tf.gfile.Exists(os.path.join(folder, n))]
    return Saved(SAVED_MODEL, folder, proto, None, loader, files + _files_of(variables))


def _localize(graph_def, path, kind):
    """Frees a graph of the process and machines that made it.

    Devices are dropped. The gradient of a tf.custom_gradient and the function of a tf.py_func are found by a number
    that their process counted; here the same number may belong to another one, so they get names that nobody has.
    """
    nodes = list(graph_def.node) + [n for f in graph_def.library.function for n in f.node_def]
    if not graph_def.node or not all(n.name and n.op for n in nodes):
        raise damaged(path, kind, "it has no ops")
    for node in nodes:
        node.device = ""
        for name, start in _MARKS.items():
            if name in node.attr and node.attr[name].s.startswith(start):
                node.attr[name].s += b" of a saved model"
