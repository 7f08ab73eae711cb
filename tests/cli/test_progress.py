"""What progress writes, on a terminal and in a log."""
import io

import pytest

from tf1_hessian.cli import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def told(monkeypatch):
    """A function: what is written for calls at some seconds."""
    def run(stream, calls, *given):
        clock = iter([at for at, _, _ in calls])
        monkeypatch.setattr(progress.sys, "stderr", stream)
        monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))
        report = progress.Progress(*given)
        for at, done, total in calls:
            report(done, total, at)
        report.end()
        return stream.getvalue()

    return run


def test_in_a_log(told):
    calls = [(0, 1, 4), (20, 2, 4), (31, 3, 4), (150, 4, 4)]
    assert told(io.StringIO(), calls) == "batch 1 of 4, 0 s\nbatch 3 of 4, 31 s\nbatch 4 of 4, 2 min\n"


def test_in_a_log_without_a_total(told):
    assert told(io.StringIO(), [(1, 1, None), (20, 2, None), (31, 3, None)], "product") == "product 3, 31 s\n"


def test_on_a_terminal_without_a_total(told):
    calls = [(0, 1, None), (0.1, 2, None), (5, 3, None)]
    assert told(Terminal(), calls, "product") == "\r\033[Kproduct 1, 0 s\r\033[Kproduct 3, 5 s\r\033[K"
