# Two commands on a fresh machine:  make study   and   make test
# Each sets itself up first (Python 3.11 or later, pip, a network to the package index).

SHELL := /bin/bash
.SHELLFLAGS := -eo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
CONFIG ?= config/quick.yaml
TILE ?= E32N34

help:  ## show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(INSTALLED): settings.ini setup.py constraints.txt
	@echo "setting up .venv (once, a few minutes) ..."
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

setup: $(INSTALLED)  ## install everything into .venv

study: $(INSTALLED)  ## regenerate the study's tables and figures (CONFIG=config/quick.yaml)
	$(BIN)/mmstt study --config $(CONFIG)

audit: $(INSTALLED)  ## what each choice of the paper's protocol is worth (TILE=E32N34)
	$(BIN)/mmstt study --config $(CONFIG) --tile $(TILE) --only audit

anchored: $(INSTALLED)  ## what a network adds to the best line (TILE=E32N34)
	$(BIN)/mmstt study --config $(CONFIG) --tile $(TILE) --only anchored

travel: $(INSTALLED)  ## what five tiles teach about a sixth
	$(BIN)/mmstt study --config $(CONFIG) --only travel

configuration: CONFIG = config/paper_cpu.yaml
configuration: $(INSTALLED)  ## the paper's own network, a hundred epochs (about two hours on two cores)
	$(BIN)/mmstt study --config $(CONFIG) --only configuration

bench: $(INSTALLED)  ## measure speed against peers and floors, into figures/benchmarks/
	$(BIN)/mmstt study --config $(CONFIG) --tile E32N34 --only bench

# The notebooks are clean and the library is exactly what they export (mmstt/page/ aside, which is written by hand): done over again in a copy, then compared.
check: $(INSTALLED)  ## notebooks clean, library equal to what they export
	@rm -rf build/check && mkdir -p build/check && cp -r nbs settings.ini build/check/
	@cd build/check && ../../$(BIN)/nbdev_clean && ../../$(BIN)/nbdev_export
	@diff -r -x .ipynb_checkpoints nbs build/check/nbs || { echo "notebooks are not clean: run 'make export'"; exit 1; }
	@diff -r -x __pycache__ -x page mmstt build/check/mmstt || { echo "mmstt/ is not what the notebooks export: run 'make export'"; exit 1; }
	@rm -rf build/check; echo "check: notebooks clean, library in step"

export: $(INSTALLED)  ## write the library from the notebooks, and clean them
	@rm -f mmstt/*.py mmstt/models/*.py
	$(BIN)/nbdev_export && $(BIN)/nbdev_clean

# What the tests open pages and rasters with: taken from the PATH, installed where that may be done, or named (its tests then say that they were skipped).
tools:
	@mkdir -p build; { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null && command -v gdalinfo >/dev/null && exit 0; \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "installing chromium and gdal-bin (once) ..." && \
	    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium gdal-bin; } > build/tools.log 2>&1; then exit 0; fi; \
	  echo "tests of pages and of GDAL's programs will be skipped: install chromium (or google-chrome) and gdal-bin to run them"

# Every room's notebook is run from top to bottom; its last line counts them.
test: check tools  ## run every test
	@export OMP_NUM_THREADS=1 MPLBACKEND=agg; $(BIN)/nbdev_test --n_workers 2 --do_print --timing 2>&1 | awk '\
	  { print; fflush() } /^- Completed/ { n++ } /^\t.*\.ipynb$$/ { failed++ } \
	  END { printf "%d passed, %d failed\n", n - failed, failed; exit (failed > 0 || n == 0) }'

lab: $(INSTALLED)  ## open the notebooks
	$(BIN)/jupyter lab nbs

.PHONY: help setup study audit anchored travel configuration bench check export tools test lab
