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
# --strict: make check fails on what is over a limit of tools/measure.py; `make check MEASURE=` only prints it
MEASURE ?= --strict

help:  ## show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

$(INSTALLED): settings.ini setup.py constraints.txt
	@echo "setting up .venv (once, a few minutes) ..."
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

setup: $(INSTALLED) hooks  ## install everything into .venv, and the notebooks' hooks into this checkout

# Jupyter cleans a notebook when it is saved; git merges notebooks cell by cell. Both settings stay in .venv and in this
# checkout's own git configuration: nothing is written into the home folder, as nbdev_install_hooks would.
hooks: $(INSTALLED)
	@mkdir -p .venv/etc/jupyter
	@printf '%s\n' 'from nbdev.clean import clean_jupyter' 'c.ContentsManager.pre_save_hook = clean_jupyter' \
	  > .venv/etc/jupyter/jupyter_server_config.py
	@if git rev-parse --git-dir >/dev/null 2>&1; then \
	  git config --local merge.nbdev-merge.name 'merge notebooks cell by cell' && \
	  git config --local merge.nbdev-merge.driver '$(BIN)/nbdev_merge %O %A %B %P'; fi

study: $(INSTALLED)  ## regenerate the study's tables and figures (CONFIG=config/quick.yaml)
	$(BIN)/mmstt study --config $(CONFIG)

audit: $(INSTALLED)  ## what each choice of the paper's protocol is worth (TILE=E32N34)
	$(BIN)/mmstt study --config $(CONFIG) --tile $(TILE) --only audit

residual: $(INSTALLED)  ## what a network adds to its baselines (TILE=E32N34)
	$(BIN)/mmstt study --config $(CONFIG) --tile $(TILE) --only residual

real: $(INSTALLED)  ## forecasts on every real set at hand, by lead and motion class
	$(BIN)/mmstt study --config $(CONFIG) --only real_data
	$(BIN)/python tools/skill.py

# The peers pin older packages than ours (pandas below 3), so they have an environment of their own; mmstt works in both.
LEAGUE := .venv-league/.installed
LEAGUE_OPTIONS ?=

$(LEAGUE): settings.ini setup.py constraints-league.txt
	@echo "setting up .venv-league (once, a few minutes) ..."
	$(PYTHON) -m venv .venv-league
	.venv-league/bin/pip install --quiet --disable-pip-version-check --constraint constraints-league.txt --editable '.[league]'
	@touch $@

league: $(LEAGUE)  ## every forecaster on the same origins, outsiders too (LEAGUE_OPTIONS="--add mine.parquet")
	.venv-league/bin/mmstt league $(LEAGUE_OPTIONS)

map: $(INSTALLED)  ## the README's picture, from the real tile E45N17 in data/egms/
	$(BIN)/mmstt study --config $(CONFIG) --only map_picture

configuration: CONFIG = config/paper.yaml
configuration: $(INSTALLED)  ## how the paper's networks learned (trains all networks of config/paper.yaml)
	$(BIN)/mmstt study --config $(CONFIG) --only configuration

gpu: CONFIG = config/paper.yaml
gpu: $(INSTALLED)  ## train the paper's networks on one GPU for nine minutes; again to go on
	$(BIN)/mmstt study --config $(CONFIG) --only cubes
	$(BIN)/python tools/gpu.py --config $(CONFIG)

bench: $(INSTALLED)  ## measure speed against peers and floors, into figures/benchmarks/
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt statsforecast
	$(BIN)/mmstt study --config $(CONFIG) --tile E32N34 --only bench

# Starts a SLURM of its own and stops it again; installs Debian's packages where they are missing.
cluster: $(INSTALLED)  ## a study and a forecast on a real, small SLURM, disturbed (Debian or Ubuntu, as root)
	$(BIN)/python tools/cluster.py

# What is in mmstt/ and is not exported from a notebook.
BY_HAND = $(wildcard mmstt/py.typed mmstt/page)

# The notebooks are clean and the library is exactly what they export: done over again in a copy, then compared.
check: $(INSTALLED) lint  ## notebooks clean, library equal to what they export, lines short, cells shown
	@rm -rf build/check && mkdir -p build/check/mmstt
	@cp -r nbs settings.ini build/check/ && cp -r $(BY_HAND) build/check/mmstt/
	@cd build/check && ../../$(BIN)/nbdev_clean && ../../$(BIN)/nbdev_export
	@diff -r -x .ipynb_checkpoints nbs build/check/nbs || { echo "notebooks are not clean: run 'make export'"; exit 1; }
	@diff -r -x __pycache__ mmstt build/check/mmstt || { echo "mmstt/ is not what the notebooks export: run 'make export'"; exit 1; }
	@rm -rf build/check; $(BIN)/python tools/measure.py $(MEASURE)
	@$(BIN)/python tools/skill.py --check
	@echo "check: notebooks clean, library in step"

lint: $(INSTALLED)  ## ruff over modules and notebooks
	@$(BIN)/ruff check --quiet --output-format concise mmstt nbs tools docs setup.py && echo 'lint: clean'

export: $(INSTALLED)  ## write the library from the notebooks, and clean them
	@find mmstt -name '*.py' -delete
	$(BIN)/nbdev_export && $(BIN)/nbdev_clean

# `make test` installs nothing outside .venv: tests that need a browser, GDAL or QGIS are skipped, and counted, without it.
test-tools:  ## install a browser, GDAL and QGIS for the tests (Debian or Ubuntu, as root)
	@.ci/test-tools

# Every module's notebook is run from top to bottom. The last line counts them, and the tests that were left out.
# (Two notebooks at a time may end on one line.)
test: check  ## run every test
	@export OMP_NUM_THREADS=1 MPLBACKEND=agg; $(BIN)/nbdev_test --n_workers 2 --do_print --timing 2>&1 | awk '\
	  { print; fflush(); n += gsub(/- Completed \//, "&") } /^\t.*\.ipynb$$/ { failed++ } /^skipped: / { skipped++ } \
	  END { printf "%d passed, %d failed, %d skipped\n", n - failed, failed, skipped; exit (failed > 0 || n == 0) }'

docs: $(INSTALLED)  ## build the site into docs/_site
	$(BIN)/sphinx-build -q -j auto -c docs -d build/doctrees . docs/_site
	@echo "docs: open docs/_site/index.html"

lab: $(INSTALLED) hooks  ## open the notebooks
	$(BIN)/jupyter lab nbs

.PHONY: help setup hooks study audit residual real league map configuration gpu bench cluster check lint export \
  test-tools test docs lab
