"""Where the command `tf1-hessian` starts. It stands outside the package, whose import brings TensorFlow along: what
that logs by itself must be silenced before."""
import contextlib
import logging
import os
import signal
import sys

__all__ = ["main"]


def main():
    """Runs the command line as a process of its own: its exit code is what `tf1-hessian --help` says."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    signal.signal(signal.SIGTERM, _stop)
    try:
        with _without_noise():
            from tf1_hessian.cli import main as command
    except ImportError as error:
        sys.stderr.write("tf1-hessian: error: %s\n" % " ".join(str(error).split()))
        sys.exit(2)
    try:
        code = command(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has seen enough: tf1-hessian inspect model | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


@contextlib.contextmanager
def _without_noise():
    """Drops what libraries in C++ write to stderr. Those of XLA heed no level, and tell of missing drivers of GPUs."""
    if os.environ["TF_CPP_MIN_LOG_LEVEL"] != "3":
        yield
        return
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _stop(number, frame):
    """Ends as Ctrl-C does, so that finished batches are kept."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
