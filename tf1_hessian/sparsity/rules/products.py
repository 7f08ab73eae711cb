"""Products that contract axes."""
import numpy as np

from tf1_hessian.graph.traits.products import MATRIX_PRODUCTS, letters_of, sides
from tf1_hessian.sparsity.links import Group
from tf1_hessian.sparsity.rules.view import Cross, Local

__all__ = ["RULES"]


def _product(view):
    """An element of a factor meets those elements of another that share its letters.

    Mathematics: c[b, i, j] = sum_k x[b, i, k] y[b, k, j]: out depends on the rows of x and the columns of y, and
    x[b, i, k] meets y[b, k, j] for all i, j. Example: U V^T: a row of U meets the column of V with its k.
    Reads: letters or the flags that transpose, shapes. Exact if all output elements matter; None where axes are
    broadcast or a letter stands twice.
    """
    letters = _letters(view)
    if letters is None:
        return None
    factors, out = letters
    sizes = dict(zip(out, view.out_sizes(0)))
    for position, own in enumerate(factors):
        for letter, size in zip(own, view.sizes(position)):
            if sizes.setdefault(letter, size) != size:
                return None
    links = {}
    for p in view.live:
        kept = [a for a in out if a in factors[p]]
        links[p, 0] = Group(_numbered(factors[p], kept, sizes), _numbered(out, kept, sizes), _count(kept, sizes))
    terms = []
    for i, p in enumerate(view.live):
        for q in view.live[i + 1:]:
            shared = [a for a in factors[p] if a in factors[q]]
            one, other = (Group(_numbered(factors[k], shared, sizes), None, _count(shared, sizes)) for k in (p, q))
            terms.append(Cross((p, one), (q, other), None, None))
    return Local(links, terms)


def _letters(view):
    """(what the axes of each factor are called, those of the result), or None."""
    if view.op.type in MATRIX_PRODUCTS:
        rank = len(view.out_sizes(0))
        if any(len(view.sizes(p)) != rank for p in (0, 1)):
            return None
        batch, turned = list(range(rank - 2)), sides(view.op)
        first, second = (["i", "k"], ["k", "j"])
        return [batch + first[::-1 if turned[0] else 1], batch + second[::-1 if turned[1] else 1]], batch + ["i", "j"]
    inputs, output = view.op.get_attr("equation").decode("utf-8").replace(" ", "").split("->")
    factors = [letters_of(text, len(view.sizes(p))) for p, text in enumerate(inputs.split(","))]
    out = letters_of(output, len(view.out_sizes(0)))
    if any(len(set(own)) < len(own) for own in factors + [out]):
        return None
    return factors, out


def _numbered(own, kept, sizes):
    """Which of the slices along the letters `kept` each element with the axes `own` is in."""
    found = np.zeros([1] * len(own), np.int64)
    for letter in kept:
        shape = [-1 if a == letter else 1 for a in own]
        found = found * sizes[letter] + np.arange(sizes[letter]).reshape(shape)
    return np.broadcast_to(found, [sizes[a] for a in own]).ravel()


def _count(letters, sizes):
    return int(np.prod([sizes[a] for a in letters], dtype=np.int64))


RULES = dict.fromkeys(MATRIX_PRODUCTS | {"Einsum"}, _product)
