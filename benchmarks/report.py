"""The page of the races: tables with ratios, the picture, what was lost and why, from the figures of a run.

    python benchmarks/report.py benchmarks/results/races.json [--page docs/benchmarks.md] [--picture races.png]

What stands between the two markers of the page is written anew; all_races.py makes the figures and calls this.
"""
import argparse
import collections
import io
import json
import os

from reasons import reason_of

__all__ = ["lost", "page", "table", "write"]

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BEGIN, END = "<!-- results, by benchmarks/report.py -->", "<!-- end of results -->"
TITLES = {1: "Diagonal of all weights of dense nets", 2: "Diagonal of all weights of a convolutional net",
          3: "Full Hessian of a dense net", 4: "GLM by feature: 10 x 10 blocks", 5: "Diagonal of a factorisation",
          6: "Full sparse Hessian", 7: "Laplacian by the inputs of a PINN", 8: "Estimates from products"}
HEADING = """| case | way | columns | build, ms | first call, ms | steady, ms | peak, MB | before, MB | error |
|---|---|---|---|---|---|---|---|---|"""
# What a rival must be ahead by to have won.
CLEARLY = 0.95
FIGURES = collections.OrderedDict([("steady", "steady"), ("first", "first result"), ("peak_mb", "peak memory")])

_Loss = collections.namedtuple("Loss", "words race case times")


def is_ours(way):
    return way.startswith("ours")


def grouped(rows):
    """{(race, case): {way: row}} of the rows with times, in order."""
    found = collections.OrderedDict()
    for row in rows:
        if "products" not in row:
            found.setdefault((row["race"], row["case"]), collections.OrderedDict())[row["way"]] = row
    return found


def figure(row, name):
    """A figure of a row; "first" is building with the first call. None where it was not measured."""
    return row["build"] + row["first"] if name == "first" else row[name]


def ratio(row, base, name):
    """How many times ours, or None."""
    if figure(row, name) is None or not figure(base, name):
        return None
    return figure(row, name) / figure(base, name)


def number(value):
    """Three digits, all of a large number."""
    if value is None:
        return "-"
    return "{:,.0f}".format(value) if value >= 99.5 else "%.3g" % value


def cell(row, base, name):
    """A figure, and how many times ours it is."""
    if row is base or row[name] is None or not base[name]:
        return number(row[name])
    return "%s (%.2f)" % (number(row[name]), row[name] / base[name])


def table(rows):
    """The table of one race."""
    lines = [HEADING]
    for (_, case), ways in grouped(rows).items():
        for way, row in ways.items():
            cells = [case, "**ours**" if way == "ours" else way, number(row.get("columns") if is_ours(way) else None)]
            cells += [cell(row, ways["ours"], name) for name in ("build", "first", "steady", "peak_mb")]
            cells += [number(row["base_mb"]), "-" if row["error"] is None else "%.0e" % row["error"]]
            lines.append("| %s |" % " | ".join(cells))
    return "\n".join(lines)


def errors_table(rows):
    """The errors of estimates by the number of products."""
    rows = [row for row in rows if "products" in row]
    counts = rows[0]["products"]
    lines = ["| estimate | by | %s |" % " | ".join("%d products" % c for c in counts), "|---" * (2 + len(counts)) + "|"]
    for row in sorted(rows, key=lambda row: row["case"]):
        lines.append("| %s | %s | %s |" % (row["case"], row["way"], " | ".join("%.2g" % e for e in row["errors"])))
    return "\n".join(lines)


def lost(rows):
    """{reason: [what was lost, to whom, by how much and where]}, in the order of the races."""
    found = collections.OrderedDict()
    for (race, case), ways in grouped(rows).items():
        for way, row in ways.items():
            for name, words in FIGURES.items():
                times = ratio(row, ways["ours"], name)
                if not is_ours(way) and way != "one gradient" and times is not None and times < CLEARLY:
                    losses = found.setdefault(reason_of(name, race, way, case), [])
                    losses.append(_Loss("%s, %s" % (way, words), race, case, times))
    found = collections.OrderedDict((reason, _told(losses)) for reason, losses in found.items())
    curves = {(row["case"], row["way"]): row for row in rows if "products" in row}
    for (case, way), row in curves.items():
        behind = [c for c, e, ours in zip(row["products"], row["errors"], curves[case, "ours"]["errors"])
                  if e < CLEARLY * ours]
        if behind and not is_ours(way):
            found.setdefault(reason_of("errors", 8, way, case), []).append("race 8, %s, %s: error with %s products" % (
                case, way, ", ".join("%d" % c for c in behind)))
    return found


def _told(losses):
    """A line for each rival and figure: the range of its times, and the races with their cases."""
    lines = []
    for words in collections.OrderedDict.fromkeys(loss.words for loss in losses):
        chosen = [loss for loss in losses if loss.words == words]
        low, high = ("%.2f" % f(loss.times for loss in chosen) for f in (min, max))
        places = collections.OrderedDict()
        for loss in chosen:
            places.setdefault(loss.race, []).append(loss.case)
        lines.append("%s %s in race %s" % (words, low if low == high else "%s to %s" % (low, high), "; ".join(
            "%d (%s)" % (race, ", ".join(cases)) for race, cases in places.items())))
    return lines


def machine_of(results):
    """What ran where."""
    versions = ", ".join("%s %s" % pair for pair in sorted(results["versions"].items()))
    text = "Run of %s on %s, %d cores, %.0f GB, %s; Python %s; %s." % (
        results["date"], results["processor"], results["cores"], results["memory_gb"], results["system"],
        results["python"], versions)
    if results["load"] > 0.5:
        text += (" The load average was %.1f when it began: other work was on the machine, which tells on times, and "
                 "on ratios too, most on those of PyTorch, whose threads wait for each other." % results["load"])
    return text + (" Everything in small: what this shows is that it runs." if results["small"] else "")


def page(text, results, picture):
    """The text of the page with the results of a run between the markers. Raises ValueError where these are missing."""
    if BEGIN not in text or END not in text:
        raise ValueError("Expected %r and %r in the page." % (BEGIN, END))
    rows = results["races"]
    parts = [machine_of(results), "![Ratios of steady times, and errors of estimates](%s)" % picture]
    for race in sorted({row["race"] for row in rows}):
        chosen = [row for row in rows if row["race"] == race]
        parts += ["### Race %d. %s" % (race, TITLES[race]), table(chosen)]
        if any("products" in row for row in chosen):
            parts.append(errors_table(chosen))
    parts.append("### Lost\n\nBehind what was lost: times and memory as shares of ours.")
    told = ["\n  - ".join(["- " + reason] + losses) for reason, losses in lost(rows).items()]
    parts.append("\n".join(told) or "None in this run.")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return "%s%s\n%s\n%s%s" % (before, BEGIN, "\n\n".join(parts), END, after)


def draw(rows, path):
    """The picture: steady times of rivals as multiples of ours; errors of estimates by products."""
    import matplotlib.figure

    cases = [(key, ways) for key, ways in grouped(rows).items() if any(not is_ours(w) for w in ways)]
    rivals = sorted({way for _, ways in cases for way in ways if not is_ours(way) and way != "one gradient"})
    drawn = matplotlib.figure.Figure(figsize=(11, 2.2 + 0.28 * len(cases)), dpi=80)
    grid = drawn.add_gridspec(2, 2, width_ratios=[2, 1])
    left = drawn.add_subplot(grid[:, 0])
    for i, rival in enumerate(rivals):
        points = [(ways[rival]["ratio"], place) for place, (_, ways) in enumerate(cases) if rival in ways]
        left.plot(*zip(*points), marker="osD^vPX<>*p"[i % 11], linestyle="", label=rival, color="C%d" % (i % 10))
    left.axvline(1, color="black", linewidth=1)
    left.set(xscale="log", yticks=range(len(cases)), yticklabels=["%d  %s" % key for key, _ in cases],
             title="races, by their numbers",
             xlabel="steady time / ours (right of the line: ours is faster)", ylim=(len(cases) - 0.5, -0.5))
    left.grid(axis="x", alpha=0.3)
    left.legend(fontsize=7, loc="best")
    for place, quantity in enumerate(("diag", "trace")):
        _draw_errors(drawn.add_subplot(grid[place, 1]), quantity, [r for r in rows if "products" in r])
    drawn.tight_layout()
    drawn.savefig(path)


def _draw_errors(axes, quantity, rows):
    for row in rows:
        if row["case"].startswith(quantity):
            style = "-" if row["way"] == "ours" else "--"
            color = "C0" if row["case"].endswith("hutchinson") else "C1"
            axes.plot(row["products"], row["errors"], style, color=color, marker=".",
                      label="%s, %s" % (row["case"].split()[1], row["way"]))
    axes.set(xscale="log", yscale="log", xlabel="products", ylabel="relative error", title="race 8: " + quantity)
    axes.grid(alpha=0.3)
    if axes.lines:
        axes.legend(fontsize=7)


def write(results, source, target, picture):
    """Writes the picture, and the page at target: that at source with new results."""
    with io.open(source, encoding="utf-8") as file:
        text = file.read()
    text = page(text, results, os.path.relpath(picture, os.path.dirname(target)).replace(os.sep, "/"))
    draw(results["races"], picture)
    with io.open(target, "w", encoding="utf-8") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results")
    parser.add_argument("--page", default=os.path.join(ROOT, "docs", "benchmarks.md"))
    parser.add_argument("--picture", default=os.path.join(ROOT, "docs", "images", "races.png"))
    options = parser.parse_args()
    with open(options.results) as file:
        write(json.load(file), options.page, options.page, options.picture)


if __name__ == "__main__":
    main()
