"""How far a command is: a line that moves on a terminal, lines in a log."""
import sys
import time

__all__ = ["Progress"]

# Seconds between two lines of a log, and between two moves on a terminal.
_LOG, _TERMINAL = 30.0, 0.2


class Progress(object):
    """A function of (done, total, seconds) that tells on stderr, which is looked at when it is made.

    what: that which is counted. total: None where nobody knows; `end` then takes away the line on a terminal.
    """

    def __init__(self, what="batch"):
        self._what, self._is_terminal = what, sys.stderr.isatty()
        self._last = None

    def __call__(self, done, total, seconds):
        now, is_end = time.perf_counter(), done == total
        if self._last is None and total is None and not self._is_terminal:
            self._last = now - seconds  # nobody knows whether it is long: the first line may wait
        if self._last is not None and not is_end and now - self._last < (_TERMINAL if self._is_terminal else _LOG):
            return
        self._last = now
        text = "%s %d%s, %s" % (self._what, done, "" if total is None else " of %d" % total, _told(seconds))
        if self._is_terminal:
            text = "\r\033[K" + text + ("\n" if is_end else "")
        else:
            text += "\n"
        sys.stderr.write(text)
        sys.stderr.flush()

    def end(self):
        """Nothing more is counted."""
        if self._is_terminal and self._last is not None:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def _told(seconds):
    seconds = int(seconds)
    return "%d s" % seconds if seconds < 120 else "%d min" % (seconds // 60)
