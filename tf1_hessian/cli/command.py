"""One command from its flags to its exit code."""
import sys
import traceback

from tf1_hessian.cli import work
from tf1_hessian.cli.arguments import parsed
from tf1_hessian.cli.failures import FAILED, INTERRUPTED, OK, Stop, exit_with, one_line

__all__ = ["main"]

_COMMANDS = {"check": work.check, "diag": work.diag, "hessian": work.hessian, "inspect": work.inspect,
             "plan": work.plan, "spectrum": work.spectrum}


def main(argv=None):
    """Runs a command; the exit code. Results go to stdout and files, errors to stderr in one line."""
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        given = parsed(argv)
        with exit_with(FAILED):
            return _COMMANDS[given.command](given, argv) or OK
    except SystemExit as end:  # --help and --version
        return end.code or OK
    except Stop as stop:
        if "--traceback" in argv:
            traceback.print_exc()
        return _told(one_line(stop), stop.code)
    except KeyboardInterrupt:
        return _told("interrupted", INTERRUPTED)


def _told(text, code):
    sys.stdout.flush()
    sys.stderr.write("tf1-hessian: error: %s\n" % text)
    sys.stderr.flush()
    return code
