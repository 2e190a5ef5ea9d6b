# Two commands: `make quickstart` and `make test`. Each makes the virtual environment when it is missing.

VENV ?= .venv
JOBS ?= 2
ARGS ?=
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PINNED := pyproject.toml constraints.txt

# 3.11 first: the pins were resolved there. A candidate counts only when it runs and can make environments.
CANDIDATES := $(or $(PYTHON),python3.11 python3.12 python3.13 python3.14 python3 python)
CAPABLE := import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))

# Spinning OpenMP workers make small products many times slower on shared cores.
export OMP_WAIT_POLICY := PASSIVE
export GOMP_SPINCOUNT := 0

.DEFAULT_GOAL := help
.PHONY: help quickstart test install lint format types contracts bench golden clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name what; do printf 'make %-11s %s\n' "$$name" "$$what"; done

quickstart: $(VENV)/run.stamp  ## the main job: models raised, attacked and read, a table here, a report as HTML
	@$(BIN)/eudaimon quickstart $(ARGS)

test: $(VENV)/dev.stamp  ## all tests; JOBS=8 for more processes, ARGS='-m "not slow"' for options of pytest
	@HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 MPLBACKEND=Agg $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -rs $(ARGS)

install: $(VENV)/dev.stamp  ## the environment for development, without running anything

lint: $(VENV)/dev.stamp  ## style and format, nothing is changed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(VENV)/dev.stamp  ## put style and format right
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/dev.stamp  ## types of the whole package, strict
	@$(BIN)/mypy

contracts: $(VENV)/dev.stamp  ## which room may import which
	@$(BIN)/lint-imports

bench: $(VENV)/bench.stamp  ## the speed comparisons of benchmarks/; ARGS='--only quickstart' for the quickstart
	@$(BIN)/python benchmarks/run.py $(ARGS)

golden: $(VENV)/dev.stamp  ## renew the golden files: public names and the command line's help
	@$(BIN)/python scripts/update_golden.py

clean:  ## remove the environment and caches; runs/ stays
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@for python in $(CANDIDATES); do \
	  if $$python -c '$(CAPABLE)' >/dev/null 2>&1; then \
	    echo "Making $(VENV) with $$($$python --version)"; exec $$python -m venv $(VENV); \
	  fi; \
	done; \
	echo "No Python 3.11 or newer that can make environments was found (looked for: $(CANDIDATES))." >&2; \
	echo "Install one, for example: apt-get install python3.11 python3.11-venv; or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; \
	exit 1

# Stamps come last, so that an interrupted installation is taken up again.
$(VENV)/run.stamp: $(PINNED) | $(VENV)/bin/python
	@echo "Installing eudaimon into $(VENV) (a few minutes, once)"
	@$(PIP) "torch==2.13.0"
	@$(PIP) --editable .
	@touch $@

$(VENV)/dev.stamp: $(PINNED) | $(VENV)/bin/python
	@echo "Installing eudaimon and its test tools into $(VENV) (a few minutes, once)"
	@$(PIP) "torch==2.13.0"
	@$(PIP) --editable ".[dev]"
	@touch $@ $(VENV)/run.stamp

$(VENV)/bench.stamp: $(VENV)/dev.stamp benchmarks/requirements.txt
	@# Without their dependencies, which are older than those that they are measured with.
	@$(PIP) --no-deps --requirement benchmarks/requirements.txt
	@touch $@
