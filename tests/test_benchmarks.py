"""benchmarks/: each race in small against its reference in float64, the pipe to rivals, the page. Rivals: -m slow."""
import io
import json
import os
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "benchmarks")
sys.path.append(FOLDER)

import all_races  # noqa: E402
import diagonal  # noqa: E402
import estimates  # noqa: E402
import full  # noqa: E402
import inputs  # noqa: E402
import processes  # noqa: E402
import reasons  # noqa: E402
import report  # noqa: E402
import sparse_hessians  # noqa: E402

SINGLE, DOUBLE = 1e-5, 1e-11
RACES = {
    "diagonal": (lambda: diagonal.raced("small_skip", 2, None, False), SINGLE),
    "full": (lambda: full.raced("small", 2, None, False), SINGLE),
    "chain": (lambda: sparse_hessians.raced("small-chain", 2, None, False), DOUBLE),
    "glm": (lambda: sparse_hessians.raced("small-glm", 2, None, False), DOUBLE),
    "factors": (lambda: sparse_hessians.raced("small-factors", 2, None, False), DOUBLE),
    "inputs": (lambda: inputs.raced(3, 20, 2, None, False), SINGLE),
}
WORKER = """
import sys
sys.path.insert(0, %r)
import numpy as np
from processes import serve
x = np.load(sys.argv[1])["x"]
serve(lambda: x.sum(), lambda: [2 * x, x.sum()], (lambda: None) if sys.argv[2] == "build" else sys.exit)
"""


@pytest.mark.parametrize("name", sorted(RACES))
def test_small_races_are_right(name):
    run, tolerance = RACES[name]
    rows = run()
    assert len({(row["race"], row["case"]) for row in rows}) == 1
    assert [row["way"] for row in rows if row["error"] is None] == ["one gradient"]
    assert all(row["error"] < tolerance for row in rows if row["error"] is not None)
    assert all(row[cost] > 0 for row in rows for cost in ("build", "first", "steady", "ratio"))
    assert [row["ratio"] for row in rows if row["way"] == "ours"] == [1] and len(rows) >= 2


def test_references_are_no_echo():
    """Another answer is noticed: of a matrix by one wrong entry, of a diagonal too."""
    for case in ("small-glm", "small-factors"):
        pattern, _ = sparse_hessians.coloring_of(case)
        read, exact = sparse_hessians.reference(case)
        n = sparse_hessians.problem(case)[0].size
        wrong = sparse_hessians.as_matrix("a rival", ([0, n - 1], [0, n - 1], [0.0, 1.0]), pattern, n, "full")
        assert sparse_hessians.deviation(read(wrong), exact) > 0.1


def test_estimates():
    """Errors fall with products, and are none where products are as many as elements."""
    rows = estimates.raced(("small", (6, 60), 5), 2, None, False)
    times, curves = ([row for row in rows if ("products" in row) == is_curve] for is_curve in (False, True))
    assert [row["case"] for row in times] == ["product, 1 at once", "product, 10 at once"]
    assert all(row["error"] < SINGLE for row in times)
    assert len(curves) == 4 and all(few > 1.5 * many > 0 for few, many in (row["errors"] for row in curves))


@pytest.fixture
def worker(tmp_path):
    path = tmp_path / "worker.py"
    path.write_text(WORKER % FOLDER)
    return str(path)


def test_rivals_are_asked_one_run_at_a_time(worker):
    import numpy as np

    rival = processes.Rival(sys.executable, worker, {"x": np.arange(3.0)}, "build")
    assert rival.run() >= 0 and rival.build >= 0 and rival.first >= 0
    doubled, total = rival.answer()
    assert np.array_equal(doubled, [0, 2, 4]) and total == 3
    # TensorFlow is here and not there: the peak is not that of the process that started it.
    assert 1 < rival.base <= rival.close() < processes.peak_megabytes() / 2


def test_a_rival_that_fails_is_named(worker):
    with pytest.raises(RuntimeError, match="worker.py .* quits ended with code 0; what it said stands above"):
        processes.Rival(sys.executable, worker, {"x": 1.0}, "quits")


def row(race, case, way, steady, peak=None):
    costs = {"build": 100.0, "first": 20.0, "peak_mb": peak, "base_mb": peak and 400.0, "error": 3e-7, "columns": 7}
    return dict(costs, race=race, case=case, way=way, n=9, steady=steady, ratio=steady / 2.0)


ROWS = [row(5, "factors", "ours", 2.0), row(5, "factors", "asdex", 1.2),
        row(3, "tanh", "ours", 2.0, 600.0), row(3, "tanh", "one gradient", 0.1),
        row(3, "tanh", "torch.func.hessian", 8.0, 900.0), row(6, "chain", "ours", 2.0, 500.0),
        row(6, "chain", "asdex", 1.0, 1000.0), row(6, "chain", "CasADi", 1.99, 250.0),
        row(7, "D = 2", "ours", 2.0), row(7, "D = 2", "unheard of", 1.0)]
CURVES = [{"race": 8, "case": case, "way": way, "n": 9, "products": [10, 30], "errors": errors, "seeds": 5}
          for case, way, errors in (("diag xdiag", "ours", [0.5, 0.1]), ("diag xdiag", "curvlinops", [0.6, 0.05]),
                                    ("trace xtrace", "ours", [0.5, 0.1]))]
MACHINE = {"processor": "an old one", "cores": 2, "memory_gb": 23.4, "system": "Linux", "load": 0.1, "python": "3.11.7"}
RESULTS = {"date": "2026-11-28", "small": False, "versions": {"jax": "1.2", "tensorflow": "2.21.0"},
           "races": ROWS + [row(8, "product, 1 at once", "ours", 2.0)] + CURVES}
RESULTS.update(MACHINE)


def test_tables_have_figures_and_ratios():
    lines = report.table(ROWS[2:5]).splitlines()
    assert lines[2] == "| tanh | **ours** | 7 | 100 | 20 | 2 | 600 | 400 | 3e-07 |"
    assert lines[3] == "| tanh | one gradient | - | 100 (1.00) | 20 (1.00) | 0.1 (0.05) | - | - | 3e-07 |"
    assert lines[4].endswith("torch.func.hessian | - | 100 (1.00) | 20 (1.00) | 8 (4.00) | 900 (1.50) | 400 | 3e-07 |")
    assert report.number(1234567.8) == "1,234,568" and report.number(0.01234) == "0.0123"


def test_lost_races_stand_with_their_reason():
    lost = report.lost(ROWS + CURVES)
    assert lost == {
        reasons.reason_of("steady", 6, "asdex", "chain"): ["asdex, steady 0.50 to 0.60 in race 5 (factors); 6 (chain)"],
        reasons.reason_of("peak_mb", 6, "CasADi", "chain"): ["CasADi, peak memory 0.50 in race 6 (chain)"],
        reasons.reason_of("steady", 7, "unheard of", "D = 2"): ["unheard of, steady 0.50 in race 7 (D = 2)"],
        reasons.reason_of("errors", 8, "curvlinops", ""): ["race 8, diag xdiag, curvlinops: error with 30 products"]}
    assert reasons.reason_of("steady", 2, "unheard of", "tanh") == "No reason is known yet."


def test_page_is_written_between_its_markers(tmp_path):
    source, picture = tmp_path / "page.md", tmp_path / "races.png"
    source.write_text(u"Above.\n%s\nOld.\n%s\nBelow.\n" % (report.BEGIN, report.END))
    for _ in range(2):
        report.write(RESULTS, str(source), str(source), str(picture))
        text = source.read_text()
        assert text.startswith("Above.\n") and text.endswith("\nBelow.\n") and "Old." not in text
        assert "Run of 2026-11-28 on an old one, 2 cores, 23 GB, Linux; Python 3.11.7; jax 1.2, tensorflow" in text
        assert "### Race 6. Full sparse Hessian" in text and "load average" not in text and "(races.png)" in text
        assert "| diag xdiag | curvlinops | 0.6 | 0.05 |" in text
    assert picture.read_bytes()[1:4] == b"PNG" and 10000 < os.path.getsize(str(picture)) < 200000
    assert "The load average was 3.0" in report.page(source.read_text(), dict(RESULTS, load=3.0), "races.png")
    with pytest.raises(ValueError, match="in the page"):
        report.page("no markers", RESULTS, "races.png")


def test_page_of_the_docs_can_be_written():
    with io.open(os.path.join(ROOT, "docs", "benchmarks.md"), encoding="utf-8") as file:
        assert "### Race 3" in report.page(file.read(), RESULTS, "images/races.png")


def test_machine_and_rivals_are_told():
    found = all_races.machine()
    assert found["processor"] and found["cores"] > 0 and found["memory_gb"] > 0.1
    assert {"torch", "jax", "curvlinops-for-pytorch"} <= set(all_races.rivals())


@pytest.mark.slow
def test_all_races_with_rivals(tmp_path):
    """RIVALS_PYTHON: a Python that has what rivals.txt names; made here where none is given."""
    python = os.environ.get("RIVALS_PYTHON")
    if not python:
        subprocess.check_call([sys.executable, "-m", "venv", str(tmp_path / "rivals")])
        python = str(tmp_path / "rivals" / "bin" / "python")
        subprocess.check_call([python, "-m", "pip", "install", "-qq", "-r", os.path.join(FOLDER, "rivals.txt")])
    subprocess.check_call([sys.executable, os.path.join(FOLDER, "all_races.py"), "--small", "--rival", python,
                           "--folder", str(tmp_path)])
    with open(str(tmp_path / "small" / "races.json")) as file:
        rows = json.load(file)["races"]
    ways = {row["way"] for row in rows}
    assert {row["race"] for row in rows} == set(range(1, 9))
    assert {"BackPACK", "jitted jax.hessian", "torch.func.hessian", "asdex", "CasADi", "folx", "curvlinops"} <= ways
    assert all(row["error"] < 1e-4 for row in rows if row.get("error") is not None)
    assert "Everything in small" in (tmp_path / "small" / "benchmarks.md").read_text()
