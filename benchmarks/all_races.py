"""All races of the design, one after the other, and the page that tells them; `make races` runs it.

    python benchmarks/all_races.py --rival PYTHON [--small] [--only full sparse_hessians] [--folder benchmarks/results]

PYTHON has what rivals.txt names. Each race writes its figures into the folder, and races.json there holds all; --only
runs some again and takes the others from there. The page is docs/benchmarks.md with docs/images/races.png, with --small
a copy in the folder.
"""
import argparse
import datetime
import io
import json
import os
import platform
import subprocess
import sys

import report

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = ("diagonal", "full", "sparse_hessians", "inputs", "estimates")
VERSIONS = """
import sys
from importlib import metadata
for name in sys.argv[1:]:
    print(name, metadata.version(name))
"""


def rivals():
    """The names of packages in rivals.txt."""
    with open(os.path.join(HERE, "rivals.txt")) as file:
        return [line.split(">")[0].split("=")[0].strip() for line in file if line.strip() and not line.startswith("#")]


def versions(python):
    """{package: version} of the rivals."""
    said = subprocess.check_output([python, "-c", VERSIONS] + rivals(), universal_newlines=True)
    return dict(line.split() for line in said.splitlines())


def processor():
    """Its name, as the system tells it."""
    if os.path.exists("/proc/cpuinfo"):
        with io.open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def machine():
    """What the page tells of machine and day."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
    return {"date": datetime.date.today().isoformat(), "processor": processor(), "cores": os.cpu_count(),
            "memory_gb": pages / 1e9, "system": platform.system(), "python": platform.python_version(),
            "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0}


def run(script, python, is_small, output):
    """One race, in a process of its own. Raises CalledProcessError where it fails."""
    command = [sys.executable, "-W", "ignore", os.path.join(HERE, script + ".py"), "--output", output]
    command += (["--rival", python] if python else []) + (["--small", "--repeats", "4"] if is_small else [])
    paths = [os.path.dirname(HERE)] + [p for p in [os.environ.get("PYTHONPATH")] if p]
    quiet = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3")
    print("\n== %s" % script, flush=True)
    subprocess.check_call(command, env=dict(os.environ, PYTHONPATH=os.pathsep.join(paths), TF_CPP_MIN_LOG_LEVEL=quiet))


def collected(folder, found):
    """The figures of all races with those of the machine."""
    rows = []
    for script in SCRIPTS:
        path = os.path.join(folder, script + ".json")
        if os.path.exists(path):
            with open(path) as file:
                stored = json.load(file)
            rows += stored["races"]
            found["versions"]["tensorflow"] = stored["tensorflow"]
    return dict(found, races=sorted(rows, key=lambda row: row["race"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rival", help="a Python that has what rivals.txt names; without it ours run alone")
    parser.add_argument("--small", action="store_true", help="everything in small, to see that it runs")
    parser.add_argument("--only", nargs="+", choices=SCRIPTS, default=SCRIPTS)
    parser.add_argument("--folder", default=os.path.join(HERE, "results"))
    options = parser.parse_args()
    folder = os.path.join(options.folder, "small") if options.small else options.folder
    os.makedirs(folder, exist_ok=True)
    python = options.rival and os.path.abspath(options.rival)
    found = dict(machine(), small=options.small, versions=versions(python) if python else {})
    for script in options.only:
        run(script, python, options.small, os.path.join(folder, script + ".json"))
    results = collected(folder, found)
    with open(os.path.join(folder, "races.json"), "w") as file:
        json.dump(results, file, indent=1)
    source, picture = os.path.join(report.ROOT, "docs", "benchmarks.md"), os.path.join(report.ROOT, "docs", "images")
    target, picture = (os.path.join(folder, "benchmarks.md"), folder) if options.small else (source, picture)
    report.write(results, source, target, os.path.join(picture, "races.png"))
    print("\n%s" % os.path.relpath(target))


if __name__ == "__main__":
    main()
