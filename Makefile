# make demo | test | test-tf1 | fuzz | lint | docs | races. Each makes the virtual environments it needs and touches
# nothing else; races writes docs/benchmarks.md.
#   PYTHON   the Python of .venv, 3.7 to 3.13              make test PYTHON=python3.8
#   TF       TensorFlow's extra in setup.py                make demo TF=tf
#   PYTHON37 the Python of .venv-tf1                       make test-tf1 PYTHON37=/path/to/python3.7
#   TESTS    what pytest runs                              make test TESTS=tests/conformance
#   GRAPHS, SEED, ONLY  how many random graphs; which      make fuzz GRAPHS=3000 SEED=0; make fuzz SEED=0 ONLY=17
#   SMALL    the races in small                            make races SMALL=1

PYTHON ?= python3
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
TF ?= $(if $(filter 3.7,$(VERSION)),tf1,tf-cpu)
PYTHON37 ?= $(shell python3.7 -c 'import sys; print(sys.executable)' 2>/dev/null || \
	PYENV_VERSION=$$(pyenv versions --bare 2>/dev/null | grep -E '^3\.7\.[0-9]+$$' | tail -n 1) pyenv which python3.7 2>/dev/null)
TESTS ?= tests
GRAPHS ?= 3000
SEED ?= 0

BIN := .venv/bin
# Another Python or another TensorFlow is another stamp, so that the environment is made anew.
STAMP := .venv/installed-$(TF)-on-$(VERSION)
STAMP_TF1 := .venv-tf1/installed
STAMP_DOCS := .venv-docs/installed
STAMP_RIVALS := .venv-rivals/installed
PIP_INSTALL := -m pip install -qq --disable-pip-version-check

export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: demo test test-tf1 fuzz lint docs races python37 clean

demo: $(STAMP)
	@$(BIN)/python legacy_examples/digits_pruning.py

test: $(STAMP)
	@$(BIN)/python -m pytest -n 2 $(TESTS)

test-tf1: $(STAMP_TF1)
	@.venv-tf1/bin/python -m pytest -n 2 $(TESTS)

fuzz: $(STAMP)
	@$(BIN)/python -W ignore -m tests.fuzz --seed $(SEED) $(if $(ONLY),--only $(ONLY),--graphs $(GRAPHS))

lint: $(STAMP)
	@test -x $(BIN)/mypy || { echo "mypy needs Python 3.10 or newer: make lint PYTHON=python3.11"; exit 1; }
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/mypy
	@$(BIN)/vermin -q -t=3.7- --no-tips --violations $(wildcard tf1_hessian tests legacy_examples benchmarks docs) setup.py noxfile.py

# The site, docs/_build/index.html; Sphinx needs Python 3.11 or newer. A warning fails.
docs: $(STAMP_DOCS)
	@.venv-docs/bin/python -m sphinx -E -W --keep-going -q -b html docs docs/_build
	@echo "docs/_build/index.html"

# Ours against others, docs/benchmarks.md; some rivals need Python 3.11 or newer.
races: $(STAMP) $(STAMP_RIVALS)
	@$(BIN)/python benchmarks/all_races.py --rival .venv-rivals/bin/python $(if $(SMALL),--small)

# Prints where Python 3.7 is, or fails.
python37:
	@test -n "$(PYTHON37)" || { echo "No Python 3.7 on PATH or in pyenv, and TF 1.15 runs on no newer one." \
		"Install it (pyenv install 3.7) or name it: make test-tf1 PYTHON37=/path/to/python3.7" >&2; exit 1; }
	@echo "$(PYTHON37)"

$(STAMP): setup.py
	@test -n "$(VERSION)" || { echo "$(PYTHON) does not run; name a Python of 3.7 to 3.13: make PYTHON=..." >&2; exit 1; }
	@echo "Making .venv: Python $(VERSION), tf1-hessian[$(TF),dev]"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python $(PIP_INSTALL) -e '.[$(TF),dev]' || { echo "Nothing installed. Where pip finds no TensorFlow, this" \
		"Python or machine has no build of it: try PYTHON=python3.11, or TF=tf for the build with GPUs." >&2; exit 1; }
	@touch $@

$(STAMP_TF1): setup.py constraints/tf-1.15.5.txt
	@$(MAKE) --silent --no-print-directory python37 >/dev/null
	@echo "Making .venv-tf1: Python 3.7, TF 1.15.5"
	@$(PYTHON37) -m venv --clear .venv-tf1
	@.venv-tf1/bin/python $(PIP_INSTALL) -c constraints/tf-1.15.5.txt -e '.[tf1,dev]'
	@touch $@

$(STAMP_DOCS): setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Sphinx needs Python 3.11 or newer: make docs PYTHON=python3.11" >&2; exit 1; }
	@echo "Making .venv-docs: Python $(VERSION), tf1-hessian[$(TF),docs]"
	@$(PYTHON) -m venv --clear .venv-docs
	@.venv-docs/bin/python $(PIP_INSTALL) -e '.[$(TF),docs]'
	@touch $@

$(STAMP_RIVALS): benchmarks/rivals.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Some rivals need Python 3.11 or newer: make races PYTHON=python3.11" >&2; exit 1; }
	@echo "Making .venv-rivals: Python $(VERSION), what benchmarks/rivals.txt names"
	@$(PYTHON) -m venv --clear .venv-rivals
	@.venv-rivals/bin/python $(PIP_INSTALL) -r benchmarks/rivals.txt
	@touch $@

clean:
	@rm -rf .venv .venv-tf1 .venv-docs .venv-rivals docs/_build docs/_examples docs/gallery .nox build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
