"""The full Hessian of a dense net by jitted jax.hessian, one run for each line "run"; started by full.py. Needs jax.

As JAX has it at its best: one flat vector, compiled once, float32.
"""
import sys

import jax
import jax.numpy as jnp
import numpy as np
from dense_nets import logits_of, pieces
from processes import serve


def loss_of(vector, sizes, x, labels, act):
    """Softmax cross entropy of a dense net whose weights lie one after the other in a vector."""
    z = logits_of([piece.reshape(shape) for piece, shape in pieces(vector, sizes)], x, act)
    return -jnp.mean(jnp.sum(labels * jax.nn.log_softmax(z), 1))


def main(path, act):
    stored = np.load(path)
    sizes = [int(s) for s in stored["sizes"]]
    function = {"tanh": jnp.tanh, "relu": jax.nn.relu}[act]
    jitted = jax.jit(jax.hessian(lambda v, x, y: loss_of(v, sizes, x, y, function)))
    arguments, compiled = [jnp.asarray(stored[name]) for name in ("vector", "x", "labels")], []

    def run():
        return compiled[0](*arguments).block_until_ready()

    serve(run, lambda: [np.asarray(run())], lambda: compiled.append(jitted.lower(*arguments).compile()))


if __name__ == "__main__":
    main(*sys.argv[1:])
