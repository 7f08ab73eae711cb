"""tf.contrib.opt.ScipyOptimizerInterface by th.scipy_objective."""
import numpy as np

from tf1_hessian import errors
from tf1_hessian._compat import tf
from tf1_hessian.optimize.objectives import scipy_objective

__all__ = ["ScipyOptimizerInterface"]


class ScipyOptimizerInterface(object):
    """The class of contrib. var_list: the trainable variables by default. var_to_bounds: {variable: (lower, upper)}.

    options: of scipy.optimize.minimize (method, options, tol). Constraints are refused, with what to call.
    """

    def __init__(self, loss, var_list=None, equalities=None, inequalities=None, var_to_bounds=None,
                 method="L-BFGS-B", **options):
        if equalities or inequalities:
            raise errors.bad_option("equalities", equalities or inequalities, "none: pass scipy's constraints to th."
                                    "scipy_objective(loss, variables).minimize(constraints=...)")
        self._loss = loss
        self._variables = list(tf.trainable_variables() if var_list is None else var_list)
        self._bounds, self._method, self._options = var_to_bounds, method, options

    def minimize(self, session=None, feed_dict=None, fetches=None, step_callback=None, loss_callback=None):
        """Leaves the variables at the minimum. step_callback(x) after each iteration; loss_callback(*values of
        fetches) after each evaluation of the loss."""
        session = session or tf.get_default_session()
        objective = scipy_objective(self._loss, self._variables, session, feed_dict)
        if loss_callback is not None:
            objective.fun = _telling(objective.fun, lambda: loss_callback(*session.run(fetches or [], feed_dict)))
        return objective.minimize(self._method, bounds=self._limits(objective), callback=step_callback, **self._options)

    def _limits(self, objective):
        if not self._bounds:
            return None
        ends = [[np.broadcast_to(np.asarray(self._of(v)[i], float), v.shape.as_list()) for v in self._variables]
                for i in range(2)]
        return objective.bounds(*ends)

    def _of(self, variable):
        return next((limits for v, limits in self._bounds.items() if v is variable), (-np.inf, np.inf))


def _telling(function, tell):
    def told(x):
        value = function(x)
        tell()
        return value

    return told
