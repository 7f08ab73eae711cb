"""Some entries of the Hessian diagonal of a dense net by jitted JAX, a column each; started by diagonal.py. Needs jax.

The columns of `places` are products of the Hessian with unit vectors, forward over reverse, all at once.
"""
import sys

import jax
import jax.numpy as jnp
import numpy as np
from processes import serve


def loss_of(vector, shapes, x, labels, act, is_skipped):
    """Softmax cross entropy; is_skipped: the second layer's input is added to its output."""
    at, h, parts = 0, x, []
    for shape in shapes:
        size = int(np.prod(shape))
        parts.append(vector[at:at + size].reshape(shape))
        at += size
    for i, (w, b) in enumerate(zip(parts[::2], parts[1::2])):
        z = h @ w + b
        h = act(z) + (h if is_skipped and i == 1 else 0)
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), labels[:, None], 1))


def main(path, act, is_skipped):
    stored = np.load(path)
    weights = [stored["arr_%d" % i] for i in range(len(stored.files) - 3)]
    shapes, vector = [w.shape for w in weights], jnp.concatenate([jnp.ravel(w) for w in weights])
    x, labels = jnp.asarray(stored["x"]), jnp.asarray(stored["y"].astype(np.int32))
    function = {"tanh": jnp.tanh, "relu": jax.nn.relu}[act]

    def entry(place, v):
        gradient = jax.grad(lambda v: loss_of(v, shapes, x, labels, function, is_skipped == "skip"))
        seed = jnp.zeros_like(v).at[place].set(1)
        return jax.jvp(gradient, (v,), (seed,))[1][place]

    arguments, compiled = (jnp.asarray(stored["places"].astype(np.int32)), vector), []
    jitted = jax.jit(jax.vmap(entry, (0, None)))

    def run():
        return compiled[0](*arguments).block_until_ready()

    serve(run, lambda: [np.asarray(run())], lambda: compiled.append(jitted.lower(*arguments).compile()))


if __name__ == "__main__":
    main(*sys.argv[1:])
