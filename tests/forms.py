"""Control flow in both forms, in any process: Switch and Merge, Enter and Exit (v1), or functional (v2)."""
import contextlib

import tensorflow.compat.v1 as tf

__all__ = ["FORMS", "built_as"]

FORMS = ("v1", "v2") if hasattr(tf, "enable_control_flow_v2") else ("v1",)


@contextlib.contextmanager
def built_as(form):
    """New loops and conditionals have this form; with None, or where there is but one, that of the process."""
    if form is None or FORMS == ("v1",):
        yield
        return
    before = tf.control_flow_v2_enabled()
    _switch(form == "v2")
    try:
        yield
    finally:
        _switch(before)


def _switch(on):
    (tf.enable_control_flow_v2 if on else tf.disable_control_flow_v2)()
