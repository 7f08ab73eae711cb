"""A loaded model: a value that fits into every call."""
import contextlib

from tf1_hessian import _compat
from tf1_hessian.errors import counted
from tf1_hessian.graph.sources import resolve_sources
from tf1_hessian.models import feeding
from tf1_hessian.models.names import told_shape

__all__ = ["Model"]


class Model(object):
    """A model from disk in a graph and a session of its own.

    graph, session; loss: a tensor, or None; sources: {name as it was given: variable or tensor}; placeholders: {name:
    tensor} of those that the loss needs. kind: "MetaGraph", "SavedModel" or "GraphDef"; path; checkpoint: the prefix
    that was restored, or None; files: all files that it was read from; written_by: the version of TensorFlow, or None;
    signatures: {name: ({input: tensor name}, {output: tensor name})} of a SavedModel.

    `with model:` makes graph and session the default ones, and closes the session at the end.
    """

    def __init__(self, saved, graph, session, names, signatures, loss, sources, placeholders):
        self.kind, self.path, self.checkpoint, self.files = saved.kind, saved.path, saved.checkpoint, tuple(saved.files)
        self.written_by, self.signatures = saved.written_by, signatures
        self.graph, self.session, self.loss = graph, session, loss
        self.sources, self.placeholders = dict(sources), dict(placeholders)
        self._names, self._entered = names, []

    def __repr__(self):
        loss = "no loss" if self.loss is None else "loss=%s" % self.loss.name
        given = ", ".join("%s %s %s" % (n, p.dtype.base_dtype.name, told_shape(p.shape))
                          for n, p in self.placeholders.items())
        return "Model(%s '%s', %s, %s of %s, to feed: %s)" % (
            self.kind, self.path, loss, counted(len(self.sources), "source"),
            counted(self._elements(), "element"), given or "nothing")

    def _elements(self):
        sizes = [_compat.count_elements(s.shape) for s in resolve_sources(list(self.sources.values()), self.graph)]
        return "?" if None in sizes else sum(sizes)

    def __enter__(self):
        stack = contextlib.ExitStack()
        stack.enter_context(self.graph.as_default())
        stack.enter_context(self.session.as_default())
        self._entered.append(stack)
        return self

    def __exit__(self, *failure):
        self._entered.pop().__exit__(*failure)
        if not self._entered:
            self.close()

    def close(self):
        """Closes the session."""
        self.session.close()

    def tensor(self, name):
        """A tensor of the model by its name, "loss:0" or "loss", or by that of a signature's input or output.

        ValueError with the nearest names where there is none.
        """
        return self._names.tensor(name)

    def feeds(self, arrays, *, allow_nan=False):
        """A checked feed_dict, {"x:0": array}, of arrays by name: a dict, or the path of an .npz file.

        A name is that of a placeholder, with or without ":0", of a signature's input, or of any tensor that is to be
        given instead of computed. Raises ValueError for a placeholder that the loss needs and that is missing (all of
        them are listed), a name that does not exist, a dtype that would lose values, a shape that does not fit, and
        NaN unless allow_nan.
        """
        return feeding.checked(arrays, self.loss, self.graph, self._names, allow_nan)
