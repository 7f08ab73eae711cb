"""Which new variable holds which old weight."""
from tf1_hessian import errors

__all__ = ["matched"]


def matched(old, variables, names=None):
    """[(new variable, how it was found)] in the order of the old names: by `names`, by name, or by shape in order.

    Raises ValueError where a weight has no variable of its shape, and where variables are left over.
    """
    left, found = list(variables), {}
    _take_given(old, left, found, dict(names or {}))
    for fits in (lambda a, b: a == b, _ends_alike):
        _take_named(old, left, found, fits)
    for name, weight in zip(old.names, old.weights):
        if name not in found:
            variable = next((v for v in left if _shape(v) == weight.shape), None)
            if variable is None:
                raise _unmatched(name, weight.shape, left)
            _take(found, left, name, variable, "shape")
    if left:
        raise ValueError("Nothing on the session's side belongs to %s. Give the old variables all, or leave these out "
                         "of the new ones." % ", ".join("'%s'" % _name(v) for v in left))
    return [found[name] for name in old.names]


def _take(found, left, name, variable, how):
    found[name] = variable, how
    left[:] = [v for v in left if v is not variable]


def _take_given(old, left, found, names):
    shapes = dict(zip(old.names, (w.shape for w in old.weights)))
    for asked, wanted in names.items():
        name = next((n for n in old.names if asked in (n, n.split(":")[0])), None)
        variable = next((v for v in left if v is wanted or (isinstance(wanted, str) and wanted in (
            str(v.name), _name(v)))), None)
        if name is None or variable is None or shapes[name] != _shape(variable):
            raise errors.bad_option("names", {asked: wanted}, "the name of an old variable, and a new variable of its "
                                    "shape, or its name")
        _take(found, left, name, variable, "given")


def _take_named(old, left, found, fits):
    """Pairs that fit each other and nothing else."""
    open_names = [(n, w.shape) for n, w in zip(old.names, old.weights) if n not in found]
    for name, shape in open_names:
        near = [v for v in left if _shape(v) == shape and fits(_stem(name), _name(v))]
        back = [n for n, s in open_names if len(near) == 1 and s == shape and fits(_stem(n), _name(near[0]))]
        if len(near) == 1 and len(back) == 1:
            _take(found, left, name, near[0], "name")


def _stem(name):
    return name.split(":")[0]


def _name(variable):
    """A name without output number; the path of a variable of Keras 3, whose names are only the last part."""
    return _stem(str(getattr(variable, "path", None) or variable.name))


def _ends_alike(one, other):
    shorter, longer = sorted((one, other), key=len)
    return longer.endswith("/" + shorter) or one.split("/")[-2:] == other.split("/")[-2:]


def _shape(variable):
    return tuple(int(d) for d in variable.shape)


def _unmatched(name, shape, left):
    return ValueError("No new variable of shape %s is left for '%s'; left are: %s. Say which it is by names={old name: "
                      "new variable}." % (list(shape), name, ", ".join(
                          "'%s' %s" % (_name(v), list(_shape(v))) for v in left) or "none"))
