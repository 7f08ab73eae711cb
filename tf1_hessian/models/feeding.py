"""Arrays by name, from a file or a dict, checked against what a model takes."""
import os
import zipfile
import zlib

import numpy as np

from tf1_hessian import errors
from tf1_hessian.models.names import placeholders_above, told_shape
from tf1_hessian.models.suggestions import did_you_mean

__all__ = ["arrays_of", "checked"]


def arrays_of(path):
    """{name: array} of an .npz file. FileNotFoundError; ValueError where it is damaged, no .npz, or holds objects."""
    path = os.fspath(path)
    try:
        found = np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise FileNotFoundError("There is no file '%s'." % path) from error
    except (EOFError, OSError, ValueError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from error
    if not hasattr(found, "files"):
        raise ValueError("'%s' holds one array without a name; expected an .npz file: np.savez('%s', x=...)." % (
            path, os.path.splitext(path)[0] + ".npz"))
    with found:
        return {name: _array(path, found, name) for name in found.files}


def _array(path, file, name):
    try:
        array = file[name]
    except ValueError as error:
        if "pickle" in str(error).lower():
            raise ValueError("'%s' in '%s' is an array of objects, which is not read, since it would run code. Save it "
                             "with a dtype of numbers or text." % (name, path)) from error
        raise _unreadable(path, error) from error
    except (EOFError, KeyError, OSError, SyntaxError, MemoryError, NotImplementedError, zipfile.BadZipFile,
            zlib.error) as error:
        raise _unreadable(path, error) from error
    if not isinstance(array, np.ndarray):
        raise ValueError("'%s' in '%s' is no array." % (name, path))
    return array


def _unreadable(path, error):
    # numpy takes whatever it does not know for a pickle.
    reason = "it is none" if "pickle" in str(error) else errors.first_line(error)
    return ValueError("'%s' can't be read as an .npz file: %s. It may be truncated, or of another kind." % (
        path, reason))


def checked(arrays, loss, graph, names, allow_nan):
    """{tensor name: array}, of a dict or an .npz file, as `Model.feeds` says."""
    arrays = arrays if isinstance(arrays, dict) else arrays_of(arrays)
    found = {}
    for name, value in arrays.items():
        tensor = _tensor(name, graph, names)
        if tensor.name in found:
            raise ValueError("'%s' is fed twice, once as '%s'." % (tensor.name, name))
        found[tensor.name] = _fitting(name, value, tensor, allow_nan)
    missing = [t for t in placeholders_above(loss, graph, found)
               if t.op.type != "PlaceholderWithDefault" and t.name not in found] if loss is not None else []
    if missing:
        raise ValueError("The loss '%s' needs %s, and %s fed." % (
            loss.name, errors.listed(_told(t) for t in missing),
            errors.listed("'%s'" % n for n in arrays) + (" alone is" if len(arrays) == 1 else " are") if arrays
            else "nothing is"))
    return found


def _told(tensor):
    return "'%s' (%s %s)" % (tensor.op.name, tensor.dtype.base_dtype.name, told_shape(tensor.shape))


def _tensor(name, graph, names):
    try:
        return names.tensor(name)
    except ValueError as error:
        known = [t.op.name for t in placeholders_above(None, graph)]
        if "may be one of" in str(error):
            raise
        raise ValueError("The model has nothing to feed that is called '%s'.%s" % (
            name, did_you_mean(name.split(":")[0], known) or " It has no placeholders.")) from error


def _fitting(name, value, tensor, allow_nan):
    """The value as an array of the tensor's dtype and a shape that it can have."""
    if not graph_takes(tensor):
        raise ValueError("'%s' can't be fed: the graph does not allow it." % name)
    value, wanted = np.asarray(value), tensor.dtype.base_dtype
    if not tensor.shape.is_compatible_with(value.shape):
        raise ValueError("'%s' has shape %s, and the model takes %s." % (
            name, list(value.shape), told_shape(tensor.shape)))
    if wanted.name == "string":
        return _texts(name, value)
    found = _cast(name, value, wanted)
    if not allow_nan and found.dtype.kind in "fc" and np.isnan(found).any():
        index = [int(i) for i in np.argwhere(np.isnan(found))[0]]
        raise ValueError("'%s' has NaN at %d of its %d places, first at %s." % (
            name, np.isnan(found).sum(), found.size, index))
    return found


def graph_takes(tensor):
    """Whether a tensor may be fed."""
    return tensor.graph.is_feedable(tensor) and tensor.dtype.base_dtype.name not in ("resource", "variant")


def _texts(name, value):
    if value.dtype.kind not in "SUO":
        raise ValueError("'%s' has dtype %s, and the model takes text." % (name, value.dtype))
    return value


def _cast(name, value, wanted):
    """Without a loss but of precision: integers fit, real numbers stay real, nothing becomes infinite."""
    target = np.dtype(wanted.as_numpy_dtype)
    kinds = {"b": "b", "i": "iu", "u": "iu", "f": "iuf", "c": "iufc"}.get(target.kind, "f")
    if value.dtype == target:
        return value
    if value.dtype.kind in kinds or (target.kind == "V" and value.dtype.kind in "iuf"):
        with np.errstate(all="ignore"):
            found = value.astype(target)
            same = np.array_equal(found, value) if target.kind in "iu" else not np.any(
                np.isfinite(value) & ~np.isfinite(found.astype(value.dtype if value.dtype.kind in "fc" else float)))
        if same:
            return found
        raise ValueError("'%s' has numbers that do not fit into %s, which the model takes." % (name, wanted.name))
    raise ValueError("'%s' has dtype %s, and the model takes %s. Convert it where it is made." % (
        name, value.dtype, wanted.name))
