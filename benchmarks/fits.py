"""The cost model of docs/scale.md, fitted to the figures of benchmarks/scale.py: tables in Markdown.

    python benchmarks/scale.py --output FILE.json && python benchmarks/fits.py FILE.json

A line is fitted by least squares of relative errors, its constants not below zero; the residual is the largest of them.
"""
import argparse
import json

import numpy as np
from scipy import optimize

__all__ = ["fitted", "main"]


def fitted(rows, found):
    """(constants, largest relative error) of found = rows . constants."""
    rows, found = np.asarray(rows, float), np.asarray(found, float)
    constants, _ = optimize.nnls(rows / found[:, None], np.ones(len(found)))
    return constants, float(np.max(np.abs(rows.dot(constants) / found - 1)))


def of_elements(race):
    """Lines of the table for one family: time of a call by gradients, of the first one, and memory by the plan."""
    points = [p for p in race["points"] if p.get("gradients")]
    if len(points) < 2:
        return
    work = [p["gradients"] * p["gradient"] for p in points]
    for name, figures, by in (("call, ms", [p["steady"] for p in points], work),
                              ("first call, ms", [p["first"] for p in points], work),
                              ("memory, MB", [p["more"] for p in points], [p["plan"] for p in points])):
        line(race["kind"], name, fitted([[1, b] for b in by], figures), len(points))


def of_rows(race):
    """Time by batches of 1000 rows."""
    points = race["points"]
    if len(points) > 1:
        line("rows", "stream, ms", fitted([[1, p["size"] / 1000] for p in points], [p["first"] for p in points]),
             len(points))


def of_overhead(points):
    """What a step takes more: by elements, and a stream's own share."""
    rows, found = [], []
    for point in points:
        for steps in (1, 10, 100):
            if point["more in %d" % steps] > 0:
                rows.append([1, point["elements"], 1.0 / steps])
                found.append(point["more in %d" % steps])
    if len(rows) > 3:
        (a, b, c), residual = fitted(rows, found)
        print("| stream | more a step, ms | %.3g + %.3g e + %.3g / s | %.0f %% | %d |" % (
            a, b, c, 100 * residual, len(rows)))


def line(kind, name, found, count):
    """One line of the table."""
    (a, b), residual = found
    print("| %s | %s | %.3g + %.3g u | %.0f %% | %d |" % (kind, name, a, b, 100 * residual, count))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figures", help="what benchmarks/scale.py --output wrote")
    with open(parser.parse_args().figures) as file:
        races = json.load(file)["races"]
    print("| what | figure | formula | residual | points |\n|---|---|---|---|---|")
    for race in races:
        if race["kind"] == "rows":
            of_rows(race)
        elif "points" in race and "exponents" in race:
            of_elements(race)
    of_overhead([race for race in races if race["kind"].startswith("overhead")])


if __name__ == "__main__":
    main()
