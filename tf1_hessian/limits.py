"""The options that plans of all kinds have: what they may be, and the limits that a plan must keep."""
import numbers

from tf1_hessian import errors, memory
from tf1_hessian.graph import compiled
from tf1_hessian.graph.precision import check_precision

__all__ = ["check_options", "keep_limits"]


def check_options(engine, engines, precision, jit, memory_limit, **sizes):
    """Raises ValueError for what no plan can mean. engines: all that there are; sizes: whole numbers or None."""
    compiled.check_jit(jit)
    memory.checked(memory_limit)
    check_precision(precision)
    if engine not in engines:
        raise errors.bad_option("engine", engine, "one of " + ", ".join(engines))
    for name, value in sizes.items():
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if value is not None and not (whole and value >= 1):
            raise errors.bad_option(name, value, "a whole number from 1 up, or None")


def keep_limits(plan, max_columns, columns, max_bytes, found):
    """The plan. Raises ValueError where it takes more columns or bytes than it may."""
    for name, limit, taken in (("max_columns", max_columns, columns), ("max_bytes", max_bytes, found)):
        if limit is not None and taken > limit:
            raise errors.over_limit(name, limit, taken, plan)
    return plan
