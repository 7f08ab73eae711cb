"""How far something is: a bar by tqdm, or a callback."""
import contextlib
import sys

from tf1_hessian import errors

__all__ = ["reporting"]


@contextlib.contextmanager
def reporting(progress, unit):
    """A context in which there is a function of (done, total, seconds), or None where nothing is told.

    progress: None for a bar of tqdm where stderr is a terminal and tqdm is installed, True for a bar, False for none;
    or such a function of the caller's own.
    """
    if callable(progress):
        yield progress
        return
    if progress not in (None, True, False):
        raise errors.bad_option("progress", progress, "None, True, False or a function of (done, total, seconds)")
    kind = _kind_of_bar(progress)
    if kind is None:
        yield None
        return
    bar = _Bar(kind, unit)
    try:
        yield bar.move
    finally:
        bar.close()


def _kind_of_bar(progress):
    if progress is False or (progress is None and not sys.stderr.isatty()):
        return None
    try:
        from tqdm import tqdm
    except ImportError as error:
        if progress is None:
            return None
        raise ImportError("progress=True needs tqdm: pip install tqdm, or pass a function of (done, total, seconds) as "
                          "progress=.") from error
    return tqdm


class _Bar(object):
    """A bar that begins where the first step leaves it, so that what a checkpoint held does not count as fast."""

    def __init__(self, kind, unit):
        self._kind, self._unit, self._bar = kind, unit, None

    def move(self, done, total, seconds):
        """Shows how far it is."""
        if self._bar is None:
            self._bar = self._kind(total=total, initial=done - 1, unit=self._unit, file=sys.stderr)
        self._bar.update(done - self._bar.n)

    def close(self):
        """Leaves the bar as it is."""
        if self._bar is not None:
            self._bar.close()
