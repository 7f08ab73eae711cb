"""Sparse Hessians by asdex, by jitted JAX with given colours, or by CasADi; started by sparse_hessians.py. Needs these.

Building is all that a user waits for before the first run: pattern, colours, tracing, compiling. JAX with given colours
is spared the first two: it is what JAX could do if it had them.
"""
import sys

import numpy as np
from processes import serve


def jax_loss(case, arrays):
    """The loss as a function of the flat vector."""
    import jax.numpy as jnp
    from jax.scipy.special import gammaln

    shape = tuple(int(s) for s in arrays["shape"])

    def chain(x):
        return jnp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def surface(x):
        u = jnp.pad(x.reshape(shape), 1)
        across, down = u[1:, :-1] - u[:-1, :-1], u[:-1, 1:] - u[:-1, :-1]
        return jnp.sum(jnp.sqrt(1 + 1e4 * (across ** 2 + down ** 2))) / 1e4

    def denoising(x):
        x = x.reshape(shape)
        across = jnp.pad(x[1:] - x[:-1], ((0, 1), (0, 0)))
        down = jnp.pad(x[:, 1:] - x[:, :-1], ((0, 0), (0, 1)))
        return 0.5 * jnp.sum((x - arrays["noisy"]) ** 2) + 0.1 * jnp.sum(jnp.sqrt(across ** 2 + down ** 2 + 1e-4))

    def glm(x):
        a, b = x.reshape(shape)
        mean, size, y = jnp.exp(arrays["x"] @ a), jnp.exp(arrays["z"] @ b), arrays["y"]
        return -jnp.sum(gammaln(y + size) - gammaln(size) + size * jnp.log(size) + y * jnp.log(mean)
                        - (y + size) * jnp.log(mean + size))

    def factors(x):
        x, rows = x.reshape(shape), len(arrays["target"])
        return jnp.sum((jnp.tanh(x[:rows] @ x[rows:].T) - arrays["target"]) ** 2)

    return {f.__name__: f for f in (chain, surface, denoising, glm, factors)}[case]


def by_asdex(case, _, stored):
    """(run, answer, build); it has no way to the diagonal alone."""
    import asdex
    import jax

    loss, point, made = jax_loss(case, stored), jax.numpy.asarray(stored["point"]), []

    def build():
        made.append(jax.jit(asdex.hessian(loss, point)).lower(point).compile())

    def run():
        return jax.block_until_ready(made[0](point))

    def answer():
        found = run()
        return [np.asarray(found.indices[:, 0]), np.asarray(found.indices[:, 1]), np.asarray(found.data)]

    return run, answer, build


def compiled_columns(entries, point, rows, cols):
    """(run, answer, build) of a jitted function of the point."""
    import jax

    made = []

    def run():
        return made[0](point).block_until_ready()

    return run, lambda: [rows, cols, np.asarray(run())], lambda: made.append(jax.jit(entries).lower(point).compile())


def by_jax(case, quantity, stored):
    """(run, answer, build): forward over reverse for all colours at once, and the entries picked from the columns."""
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

    def entries(x):
        columns = jax.vmap(lambda seed: jax.jvp(jax.grad(loss), (x,), (seed,))[1])(seeds)
        return columns.ravel()[places]

    return compiled_columns(entries, point, rows, cols)


def by_unit_vectors(case, _, stored):
    """(run, answer, build): the diagonal by a column for each element, fifty at once."""
    import jax
    import jax.numpy as jnp

    loss, point = jax_loss(case, stored), jnp.asarray(stored["point"])
    places = np.arange(point.size)

    def entries(x):
        def entry(place):
            return jax.jvp(jax.grad(loss), (x,), (jnp.zeros_like(x).at[place].set(1),))[1][place]

        return jax.lax.map(entry, jnp.asarray(places), batch_size=50)

    return compiled_columns(entries, point, places, places)


def by_casadi(case, _, stored):
    """(run, answer, build): the expression graph of scalars, its Hessian by CasADi's star colouring."""
    import casadi

    n, made, (height, width) = stored["point"].size, [], ([int(s) for s in stored["shape"]] + [1])[:2]

    def build():
        x = casadi.SX.sym("x", n)
        if case == "chain":
            value = casadi.sum1(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
        elif case == "surface":
            u = casadi.SX(height + 2, width + 2)
            u[1:-1, 1:-1] = casadi.reshape(x, width, height).T
            across, down = u[1:, :-1] - u[:-1, :-1], u[:-1, 1:] - u[:-1, :-1]
            value = casadi.sum1(casadi.sum2(casadi.sqrt(1 + 1e4 * (across ** 2 + down ** 2)))) / 1e4
        else:
            u = casadi.reshape(x, width, height).T
            across, down = casadi.SX(height, width), casadi.SX(height, width)
            across[:-1, :] = u[1:, :] - u[:-1, :]
            down[:, :-1] = u[:, 1:] - u[:, :-1]
            smooth = casadi.sqrt(across ** 2 + down ** 2 + 1e-4)
            value = 0.5 * casadi.sumsqr(u - casadi.DM(stored["noisy"])) + 0.1 * casadi.sum1(casadi.sum2(smooth))
        made.append(casadi.Function("hessian", [x], [casadi.hessian(value, x)[0]]))

    def run():
        return made[0](stored["point"])

    def answer():
        found = run().tocsc().tocoo()
        return [found.row, found.col, found.data]

    return run, answer, build


RIVALS = {"asdex": by_asdex, "JAX, our colours": by_jax, "JAX, n columns": by_unit_vectors, "CasADi": by_casadi}


def main(path, rival, case, quantity):
    if rival != "CasADi":
        import jax

        jax.config.update("jax_enable_x64", True)
    stored = dict(np.load(path))
    serve(*RIVALS[rival](case, quantity, stored))


if __name__ == "__main__":
    main(*sys.argv[1:])
