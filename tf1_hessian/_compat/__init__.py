"""The one door to TensorFlow: the public v1 API, its internals, and every difference between versions.

Nothing else in the package imports `tensorflow`. Each name below exists, with one meaning, from TF 1.13 to the newest.
"""
from tf1_hessian._compat.control_flow import *  # noqa: F403
from tf1_hessian._compat.core import *  # noqa: F403
from tf1_hessian._compat.functions import *  # noqa: F403
from tf1_hessian._compat.graphs import *  # noqa: F403
from tf1_hessian._compat.saved import *  # noqa: F403
from tf1_hessian._compat.tapes import *  # noqa: F403
