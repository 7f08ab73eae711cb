"""The examples with a picture and a truth of their own: what they print agrees with it."""
import os
import re

import numpy as np
import pytest

from test_legacy_examples import assert_shows_something, printed, run


@pytest.fixture
def ran(tmp_path):
    """What an example prints; its picture shows something."""
    def of(name):
        output = run(name + ".py", tmp_path, "--output", str(tmp_path / "new"))
        assert os.listdir(str(tmp_path / "new")) == [name + ".png"]
        assert_shows_something(tmp_path / "new" / (name + ".png"))
        return output

    return of


def number(output, pattern):
    """The number in the one group of a pattern."""
    return float(re.search(pattern, output, re.MULTILINE).group(1))


def test_helium_vmc(ran):
    """Local energies of exact states; energies whose closed forms are -z**2 + ... for products of exponentials."""
    output = ran("helium_vmc")
    assert number(output, r"^hydrogen, largest error of a local energy: (\S+)") < 1e-12
    assert number(output, r"^helium, largest relative error of a local energy: (\S+)") < 1e-10
    rows = re.findall(r"^z = (\S+), no factor: (\S+) \+- (\S+)", output, re.MULTILINE)
    assert len(rows) == 2
    for z, energy, error in rows:
        true = float(z) ** 2 - (4 - 5 / 8.0) * float(z)
        assert abs(float(energy) - true) < 4 * float(error) < 0.1
    energies = [float(e) for e in re.findall(r"^z = 2.0000, b = \S+: (\S+)", output, re.MULTILINE)]
    assert -2.9037 < min(energies) < -2.87


def test_influence_functions(ran):
    """Against fits with each example left out."""
    output = ran("influence_functions")
    assert number(output, r"largest gradient left: (\S+)") < 1e-7
    assert number(output, r"relative difference (\S+)") < 1e-3
    assert number(output, r"^correlation, influence: (\S+)") > 0.97
    assert number(output, r"^correlation, with leverage: (\S+)") > 0.99


def test_newton_against_adam(ran):
    """NIST certifies the parameters of Lanczos1."""
    output = ran("newton_against_adam")
    assert number(output, r"^Newton: .* error of a parameter (\S+)") < 1e-6
    assert min(float(e) for e in re.findall(r"^Adam .* error of a parameter (\S+)", output, re.MULTILINE)) > 0.1


def test_glm_standard_errors(ran):
    output = ran("glm_standard_errors")
    found = re.findall(r"largest relative difference from (\S+): (\S+)", output)
    assert len(found) == 3 and max(float(d) for _, d in found) < 1e-6


def test_fisher_step(ran):
    """The Fisher matrix and the natural gradient have closed forms."""
    output = ran("fisher_step")
    assert number(output, r"^largest error of a Fisher product: (\S+)") < 1e-14
    assert number(output, r"^natural gradient .* relative error: (\S+)") < 1e-10
    natural, plain = (number(output, r"^%s: .* (\S+) after 19" % name) for name in ("natural", "plain"))
    assert plain < natural and abs(natural - 0.705) < 1e-3
    assert number(output, r"^natural: KL of a step \S+ to (\S+),") < 0.015


def test_laplace_approximation(ran):
    """The diagonal agrees with differences of gradients, and holds what was learned."""
    output = ran("laplace_approximation")
    assert number(output, "^largest error of the diagonal: (\\S+)") < 1e-6
    first, forgotten, held = (printed(output, n) for n in ("first task", "both in turn", "held by the diagonal"))
    assert first[0] > 0.9 and forgotten[0] < 0.4 and forgotten[1] > 0.9
    assert held[0] > forgotten[0] + 0.3 and held[1] > 0.85


def test_spectrum_of_a_net(ran):
    output = ran("spectrum_of_a_net")
    for name in ("largest", "smallest"):
        value, bends = re.search(r"^%s eigenvalue: (\S+) .* bends by: (\S+)$" % name, output, re.MULTILINE).groups()
        np.testing.assert_allclose(float(value), float(bends), rtol=1e-3)
    true, found, error = re.search(
        r"^mean of the eigenvalues: (\S+)   from the density: (\S+) \+- (\S+)$", output, re.MULTILINE).groups()
    assert abs(float(true) - float(found)) < 4 * float(error)
    assert 3 <= printed(output, "outliers") <= 20
