"""Laplacians of a tanh net by jitted JAX, one run for each line "run"; started by inputs.py. Needs jax.

how: "jvp of grad" (a product of each row's Hessian with each unit vector), "jet" (Taylor mode, second order),
"forward" (the forward Laplacian by hand: value, Jacobian and Laplacian of each layer together), or "folx" (the
library of that name, which does so for any function; needs folx).
"""
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import jet
from processes import serve


def net(x, weights):
    """One row."""
    for w, b in weights[:-1]:
        x = jnp.tanh(x @ w + b)
    return (x @ weights[-1][0] + weights[-1][1])[0]


def by_products(x, weights):
    gradient = jax.grad(net)
    return jnp.sum(jax.vmap(lambda v: jnp.vdot(v, jax.jvp(lambda z: gradient(z, weights), (x,), (v,))[1]))(
        jnp.eye(x.shape[0], dtype=x.dtype)))


def by_jets(x, weights):
    def second(v):
        return jet.jet(lambda z: net(z, weights), (x,), ((v, jnp.zeros_like(v)),))[1][1]

    return jnp.sum(jax.vmap(second)(jnp.eye(x.shape[0], dtype=x.dtype)))


def forward(x, weights):
    """Laplacian and Jacobian are carried along: lap(f(z)) = f'(z) lap(z) + f''(z) sum of squared slopes."""
    slopes, bent = jnp.eye(x.shape[0], dtype=x.dtype), jnp.zeros_like(x)
    for w, b in weights[:-1]:
        x, slopes, bent = jnp.tanh(x @ w + b), slopes @ w, bent @ w
        first = 1 - x ** 2
        bent = first * bent - 2 * x * first * jnp.sum(slopes ** 2, 0)
        slopes = first * slopes
    return (bent @ weights[-1][0])[0]


def by_folx(x, weights):
    import folx

    return folx.forward_laplacian(lambda z: net(z, weights))(x).laplacian


WAYS = {"jvp of grad": by_products, "jet": by_jets, "forward": forward, "folx": by_folx}


def main(path, how):
    stored = np.load(path)
    layers = (len(stored.files) - 1) // 2
    weights = [(jnp.asarray(stored["w%d" % i]), jnp.asarray(stored["b%d" % i])) for i in range(layers)]
    jitted = jax.jit(jax.vmap(WAYS[how], (0, None)))
    x, compiled = jnp.asarray(stored["x"]), []

    def run():
        return compiled[0](x, weights).block_until_ready()

    serve(run, lambda: [np.asarray(run())], lambda: compiled.append(jitted.lower(x, weights).compile()))


if __name__ == "__main__":
    main(*sys.argv[1:])
