"""Variational Monte Carlo for hydrogen and helium: the kinetic energy of a trial function from th.laplacian.

What is the energy of two electrons around a nucleus of charge 2? A trial function psi is sampled by Metropolis steps,
and its local energy, -(lap ln psi + |grad ln psi|**2) / 2 + potential, is averaged. For hydrogen's exp(-a r) it is
(a - 1) / r - a**2 / 2 in closed form: -1/2 at every point where a = 1. For helium exp(-z (r1 + r2)) has the energy
z**2 - 27 z / 8, least at z = 27/16, and a Pade-Jastrow factor exp(r12 / (2 + 2 b r12)) brings it nearer to the exact
-2.9037. Energies are in hartrees, lengths in bohrs. Source: Thijssen, Computational Physics, chapter 12, where the
local energy for z = 2 is worked out by hand.
"""
import os

import numpy as np
import tensorflow.compat.v1 as tf
from pictures import BLUE, GREEN, ORANGE, panels, parser, save

import tf1_hessian as th

tf.disable_eager_execution()

EXACT = -2.903724
FACTORS = (0.05, 0.1, 0.15, 0.25, 0.4)
TRIALS = np.array([(27 / 16.0, 0, 0), (2, 0, 0)] + [(2, 1, b) for b in FACTORS])  # z, whether there is a factor, its b
DECAYS = (0.8, 1.0, 1.2)  # of hydrogen's exp(-a r)
WALKERS, WARMING, STEPS, BETWEEN = 800, 100, 100, 4


def norm(x):
    return tf.sqrt(tf.reduce_sum(tf.square(x), 1))


def local_energy(log_psi, potential, x):
    """The local energy of each walker, [B]."""
    slope, = tf.gradients(log_psi, x)
    return -0.5 * (th.laplacian(log_psi, x) + tf.reduce_sum(tf.square(slope), 1)) + potential


def hydrogen(x, a):
    """The local energies of exp(-a r)."""
    return local_energy(-a * norm(x), -1 / norm(x), x)


def helium(x, trial):
    """(ln psi, local energy) of walkers [B, 6], each with a trial function of its own."""
    r1, r2, r12 = norm(x[:, :3]), norm(x[:, 3:]), norm(x[:, :3] - x[:, 3:])
    z, has_factor, b = tf.unstack(trial, axis=1)
    log_psi = -z * (r1 + r2) + has_factor * r12 / (2 + 2 * b * r12)
    return log_psi, local_energy(log_psi, -2 / r1 - 2 / r2 + 1 / r12, x)


def by_hand(x, b):
    """The local energy for z = 2 with a factor."""
    first, second = x[:, :3], x[:, 3:]
    apart = np.linalg.norm(first - second, axis=1)
    turn = first / np.linalg.norm(first, axis=1)[:, None] - second / np.linalg.norm(second, axis=1)[:, None]
    bend = 1 + b * apart
    return (-4 + np.sum(turn * (first - second), 1) / (apart * bend ** 2) - 1 / (apart * bend ** 3)
            - 1 / (4 * bend ** 4) + 1 / apart)


def walk(session, log_psi, energy, x, feeds):
    """(local energies [STEPS, B], the last places) of walkers that start near the nucleus."""
    rng, found = np.random.RandomState(0), []
    places = rng.normal(size=(len(TRIALS) * WALKERS, 6))
    chance = session.run(log_psi, {x: places, **feeds})
    for step in range(WARMING + STEPS * BETWEEN):
        moved = places + rng.normal(scale=0.35, size=places.shape)
        other = session.run(log_psi, {x: moved, **feeds})
        is_taken = np.log(rng.uniform(size=len(places))) < 2 * (other - chance)
        places[is_taken], chance[is_taken] = moved[is_taken], other[is_taken]
        if step >= WARMING and (step - WARMING) % BETWEEN == 0:
            found.append(session.run(energy, {x: places, **feeds}))
    return np.array(found), places


def draw(radii, at_points, means, errors, path):
    figure, (left, right) = panels(2, "Local energies through th.laplacian", width=9.0)
    r = np.linspace(radii.min(), radii.max(), 200)
    for a, found, colour, marker in zip(DECAYS, at_points, (BLUE, ORANGE, GREEN), "osD"):
        left.plot(radii, found, marker, color=colour, markersize=4, label="$e^{-ar}$ with a = %.1f" % a)
        left.plot(r, (a - 1) / r - a ** 2 / 2, color="k", linewidth=1)
    left.plot([], [], color="k", linewidth=1, label="closed form")
    left.set(title="hydrogen, point by point", xlabel="distance from the nucleus (bohr)", ylim=(-1.1, 0.1),
             ylabel="local energy (hartree)")
    right.axhline(means[0], color=GREEN, linestyle="--", label="no factor, z = 27/16")
    right.errorbar(FACTORS, means[2:], 2 * errors[2:], color=ORANGE, marker="o", capsize=3,
                   label="z = 2, with factor; bars: 2 errors")
    right.axhline(EXACT, color="k", linewidth=1, label="exact energy of helium")
    right.set(title="helium, means over %d walkers" % WALKERS, xlabel="b of the Pade-Jastrow factor (1/bohr)",
              ylabel="energy (hartree)", ylim=(-2.91, -2.82))
    for axes in (left, right):
        axes.legend(fontsize=9, loc="upper right")
    save(figure, path)


def main():
    output = parser(__doc__.splitlines()[0]).parse_args().output
    electron, x = tf.placeholder(tf.float64, [None, 3]), tf.placeholder(tf.float64, [None, 6])
    decay, trial = tf.placeholder(tf.float64, [None]), tf.placeholder(tf.float64, [None, 3])
    of_hydrogen = hydrogen(electron, decay)
    log_psi, energy = helium(x, trial)
    print(th.plan(log_psi, x, quantity="laplacian"))
    points, given = np.random.RandomState(1).normal(scale=2, size=(60, 3)), np.repeat(TRIALS, WALKERS, 0)
    with tf.Session() as session:
        at_points = [session.run(of_hydrogen, {electron: points, decay: np.full(60, a)}) for a in DECAYS]
        energies, places = walk(session, log_psi, energy, x, {trial: given})
        at_places = session.run(energy, {x: places, trial: given})
    radii, has_factor = np.linalg.norm(points, axis=1), given[:, 1] > 0
    print("hydrogen, largest error of a local energy: %.1e" % max(
        np.abs(found - (a - 1) / radii + a ** 2 / 2).max() for a, found in zip(DECAYS, at_points)))
    print("helium, largest relative error of a local energy: %.1e" % np.abs(
        at_places / by_hand(places, given[:, 2]) - 1)[has_factor].max())
    # Walkers are independent of each other; the steps of one are not.
    of_walker = energies.mean(0).reshape(len(TRIALS), WALKERS)
    means, errors = of_walker.mean(1), of_walker.std(1, ddof=1) / np.sqrt(WALKERS)
    for (z, factor, b), mean, error in zip(TRIALS, means, errors):
        known = "" if factor else "   closed form %.5f" % (z ** 2 - 27 * z / 8)
        print("z = %.4f, %s: %.5f +- %.5f%s" % (z, "b = %.2f" % b if factor else "no factor", mean, error, known))
    draw(radii, at_points, means, errors, os.path.join(output, "helium_vmc.png"))


if __name__ == "__main__":
    main()
