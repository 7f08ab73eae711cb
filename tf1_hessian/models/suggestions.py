"""What someone may have meant by a name that does not exist."""
import difflib

from tf1_hessian.errors import listed

__all__ = ["did_you_mean"]


def did_you_mean(name, names):
    """ " Did you mean 'a', 'b'?", of the nearest among some names; where none is near, what there is."""
    names = sorted(names)
    near = difflib.get_close_matches(name, names, 3) or [n for n in names if n.rsplit("/", 1)[-1] == name][:3]
    if near:
        return " Did you mean %s?" % ", ".join("'%s'" % n for n in near)
    return " There is: %s." % listed(names) if names else ""
