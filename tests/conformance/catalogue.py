"""All scenarios, and the truth about each."""
import functools

import numpy as np
import tensorflow.compat.v1 as tf

import finite_differences
import scenarios_arrays  # noqa: F401  (importing registers)
import scenarios_control_flow  # noqa: F401
import scenarios_dense  # noqa: F401
import scenarios_derivatives  # noqa: F401
import scenarios_embeddings  # noqa: F401
import scenarios_functions  # noqa: F401
import scenarios_images  # noqa: F401
import scenarios_inputs  # noqa: F401
import scenarios_layers  # noqa: F401
import scenarios_loops  # noqa: F401
import scenarios_recurrent  # noqa: F401
from scenario import SCENARIOS

__all__ = ["SCENARIOS", "Truth", "truths_of"]


class Truth(object):
    """What is known of a scenario at one of its feeds, in float64.

    at, shapes: the flat sources, and the shape of each. drawn: the draw that was held. differences: the Hessian by
    finite differences of the first gradient, None where they don't apply. slope: the loss's derivative along a random
    direction by finite differences; predicted_slope: the same from the first gradient.
    """

    def __init__(self, scenario, case, gradient, session, feed):
        self._scenario = scenario
        self.drawn = session.run(case.drawn, feed)
        coordinates = finite_differences.Coordinates(case.xs, session, feed)
        self.at, self.shapes = coordinates.start, coordinates.shapes
        self.differences = self.slope = self.predicted_slope = None
        if scenario.differences:
            held = dict(feed)
            held.update(zip(case.drawn, self.drawn))
            direction = np.random.RandomState(0).uniform(-1, 1, self.at.size)
            self.predicted_slope = session.run(gradient, held) @ direction
            self.slope = finite_differences.slope(case.loss, case.xs, direction, session, held).sum()
            self.differences = finite_differences.jacobian(gradient, case.xs, session, held)

    def hessian_of(self, drawn=()):
        """The full Hessian [n, n] for the drawn values of one session call."""
        if self._scenario.closed is None:
            return self.differences
        return self._scenario.closed(self.at, *[np.asarray(d, np.float64) for d in drawn])


@functools.lru_cache(maxsize=None)
def truths_of(name):
    """One Truth for each feed of a scenario, found once a test run."""
    scenario = SCENARIOS[name]
    with tf.Graph().as_default():
        case = scenario.build(tf.float64)
        with scenario.within():
            gradient = finite_differences.gradient(case.loss, case.xs)
        with case.session() as session:
            return [Truth(scenario, case, gradient, session, feed) for feed in case.feeds]
