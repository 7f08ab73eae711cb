"""How another process gets a model that stands in files."""
import os

from tf1_hessian import _compat, errors
from tf1_hessian._compat import tf
from tf1_hessian.graph.sources import resolve_tensor

__all__ = ["GraphRecipe"]


class GraphRecipe(object):
    """A model in files, as th.stream's executor= needs it: `th.stream(GraphRecipe(...), batches, executor=pool)`.

    meta: the path of a MetaGraph; devices that it names are left out. checkpoint: of its variables, as tf.train.Saver
    writes it; None for a graph without any. value: the names of tensors, in any structure; or a picklable function
    without arguments, called with the imported graph as the default one, that gives a value for th.stream. weight: a
    tensor's name, or None. Called, it gives (value, weight, session).
    """

    def __init__(self, meta, checkpoint, value, weight=None):
        if weight is not None and not isinstance(weight, str):
            raise errors.bad_option("weight", weight, "None or the name of a tensor")
        self._meta, self._value, self._weight = os.path.abspath(os.fspath(meta)), value, weight
        self._checkpoint = None if checkpoint is None else os.path.abspath(os.fspath(checkpoint))

    def __call__(self):
        """(value, weight, session) in the default graph."""
        saver = tf.train.import_meta_graph(self._meta, clear_devices=True)
        if self._checkpoint is None and saver is not None and saver.saver_def.restore_op_name:
            raise errors.bad_option("checkpoint", None, "the path of one: the graph has variables")
        graph = tf.get_default_graph()
        value = self._value() if callable(self._value) else _compat.map_structure(
            lambda name: resolve_tensor(name, graph), self._value)
        weight = None if self._weight is None else resolve_tensor(self._weight, graph)
        session = tf.Session()
        if self._checkpoint is not None:
            saver.restore(session, self._checkpoint)
        return value, weight, session
