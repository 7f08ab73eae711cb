"""A dense net whose weights lie one after the other in a vector, for all that has reshape and @."""

__all__ = ["logits_of", "pieces"]


def pieces(vector, sizes):
    """The (elements, shape) of each layer's weight and bias."""
    at = 0
    for a, b in zip(sizes, sizes[1:]):
        yield vector[at:at + a * b], [a, b]
        yield vector[at + a * b:at + (a + 1) * b], [b]
        at += (a + 1) * b


def logits_of(weights, x, act):
    """weights: weight and bias of each layer in turn; the last layer has no activation."""
    z, layers = x, list(zip(weights[::2], weights[1::2]))
    for i, (weight, bias) in enumerate(layers):
        z = z @ weight + bias
        z = act(z) if i < len(layers) - 1 else z
    return z
