"""Sparse Hessians by asdex, by jitted JAX with given colours, or by CasADi; started by sparse.py. Needs these.

The first run is all that a user waits for: pattern, colours, tracing, compiling. JAX with given colours is spared the
first two: it is what JAX could do if it had them.
"""
import sys

import numpy as np
from processes import serve


def jax_loss(case, arrays):
    """The loss as a function of the flat vector."""
    import jax.numpy as jnp
    from jax.scipy.special import gammaln

    def chain(x):
        return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def surface(x):
        u = jnp.pad(x.reshape(100, 100), 1)
        across, down = u[1:, :-1] - u[:-1, :-1], u[:-1, 1:] - u[:-1, :-1]
        return jnp.sum(jnp.sqrt(1 + 1e4 * (across ** 2 + down ** 2))) / 1e4

    def denoising(x):
        x = x.reshape(256, 256)
        across = jnp.pad(x[1:] - x[:-1], ((0, 1), (0, 0)))
        down = jnp.pad(x[:, 1:] - x[:, :-1], ((0, 0), (0, 1)))
        return 0.5 * jnp.sum((x - arrays["noisy"]) ** 2) + 0.1 * jnp.sum(jnp.sqrt(across ** 2 + down ** 2 + 1e-4))

    def glm(x):
        a, b = x.reshape(2, 5, 2000)
        mean, size, y = jnp.exp(arrays["x"] @ a), jnp.exp(arrays["z"] @ b), arrays["y"]
        return -jnp.sum(gammaln(y + size) - gammaln(size) + size * jnp.log(size) + y * jnp.log(mean)
                        - (y + size) * jnp.log(mean + size))

    def factors(x):
        x = x.reshape(500, 5)
        return jnp.sum((jnp.tanh(x[:200] @ x[200:].T) - arrays["target"]) ** 2)

    return {f.__name__: f for f in (chain, surface, denoising, glm, factors)}[case]


def by_asdex(case, quantity, stored):
    """(run, answer): pattern and colours are found in the first run."""
    import asdex
    import jax

    loss, point = jax_loss(case, stored), jax.numpy.asarray(stored["point"])
    made = []

    def run():
        if not made:
            made.append(jax.jit(asdex.hessian(loss, point)))
        return jax.block_until_ready(made[0](point))

    def answer():
        found = run()
        return [np.asarray(found.indices[:, 0]), np.asarray(found.indices[:, 1]), np.asarray(found.data)]

    return run, answer


def by_jax(case, quantity, stored):
    """(run, answer): forward over reverse for all colours at once, and the entries picked from the columns."""
    import jax
    import jax.numpy as jnp

    loss, point = jax_loss(case, stored), jnp.asarray(stored["point"])
    rows, cols, colors = (stored[name].astype(np.int64) for name in ("rows", "cols", "colors"))
    number, n = int(colors.max()) + 1, len(colors)
    if quantity == "diag":
        rows = cols = np.arange(n)
        places = colors * n + rows
    else:
        keys, inverse, counts = np.unique(rows * number + colors[cols], return_inverse=True, return_counts=True)
        places = np.where(counts[inverse] == 1, colors[cols] * n + rows, colors[rows] * n + cols)
    seeds = jnp.asarray(colors == np.arange(number)[:, None], point.dtype)

    @jax.jit
    def entries(x):
        columns = jax.vmap(lambda seed: jax.jvp(jax.grad(loss), (x,), (seed,))[1])(seeds)
        return columns.ravel()[places]

    def run():
        return entries(point).block_until_ready()

    return run, lambda: [rows, cols, np.asarray(run())]


def by_casadi(case, quantity, stored):
    """(run, answer): the expression graph of scalars, its Hessian by CasADi's star colouring."""
    import casadi

    n, made = stored["point"].size, []

    def built():
        x = casadi.SX.sym("x", n)
        if case == "chain":
            value = casadi.sum1(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
        elif case == "surface":
            u = casadi.SX(102, 102)
            u[1:101, 1:101] = casadi.reshape(x, 100, 100).T
            across, down = u[1:, :-1] - u[:-1, :-1], u[:-1, 1:] - u[:-1, :-1]
            value = casadi.sum1(casadi.sum2(casadi.sqrt(1 + 1e4 * (across ** 2 + down ** 2)))) / 1e4
        else:
            u = casadi.reshape(x, 256, 256).T
            across, down = casadi.SX(256, 256), casadi.SX(256, 256)
            across[:-1, :] = u[1:, :] - u[:-1, :]
            down[:, :-1] = u[:, 1:] - u[:, :-1]
            smooth = casadi.sqrt(across ** 2 + down ** 2 + 1e-4)
            value = 0.5 * casadi.sumsqr(u - casadi.DM(stored["noisy"])) + 0.1 * casadi.sum1(casadi.sum2(smooth))
        return casadi.Function("hessian", [x], [casadi.hessian(value, x)[0]])

    def run():
        if not made:
            made.append(built())
        return made[0](stored["point"])

    def answer():
        found = run().tocsc().tocoo()
        return [found.row, found.col, found.data]

    return run, answer


def main(path, rival, case, quantity):
    if rival != "casadi":
        import jax

        jax.config.update("jax_enable_x64", True)
    stored = dict(np.load(path))
    serve(*{"asdex": by_asdex, "jax": by_jax, "casadi": by_casadi}[rival](case, quantity, stored))


if __name__ == "__main__":
    main(*sys.argv[1:])
