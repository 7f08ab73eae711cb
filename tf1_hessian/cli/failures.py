"""Exit codes, and how an error becomes one line."""
import contextlib

from tf1_hessian._compat import tf

__all__ = ["FAILED", "INPUT", "INTERRUPTED", "OK", "REFUSED", "Stop", "exit_with", "one_line"]

OK, REFUSED, INPUT, FAILED, INTERRUPTED = 0, 1, 2, 3, 130


class Stop(Exception):
    """The end of a command: the exit code, and what to say."""

    def __init__(self, code, text):
        super(Stop, self).__init__(text)
        self.code = code


# What people, files, models and machines cause. Anything else is an error of this program, and shows where.
_EXPECTED = (ArithmeticError, ImportError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError,
             tf.errors.OpError)


@contextlib.contextmanager
def exit_with(code, what=""):
    """A part of a command in which an expected error ends it with an exit code."""
    try:
        yield
    except BrokenPipeError:
        raise
    except _EXPECTED as error:
        raise Stop(code, what + one_line(error)) from error


def one_line(error):
    """The text of an error on one line; of TensorFlow's, without where in the graph it was."""
    text = error.message if isinstance(error, tf.errors.OpError) else str(error)
    if isinstance(error, KeyError) and error.args:
        text = str(error.args[0])
    if isinstance(error, tf.errors.OpError):
        text = text.split("\n\t [[")[0].split("\n\nOriginal stack trace")[0].split("\n")[0]
    return " ".join(text.split()) or type(error).__name__
