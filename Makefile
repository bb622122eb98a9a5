# Every target sets up what it needs by itself; the second time it finds it done.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
.DEFAULT_GOAL := help

.PHONY: help setup install-runtime helm run test test-compiled test-deep chaos upgrade-test check format proto docs bench bench-compare bench-guard lock clean

help: ## show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-15s %s\n' "$$name" "$$text"; done

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "inventory needs Python 3.11 or newer: set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(STAMP) ## create the virtual environment and install everything into it

PREFIX ?= build/runtime
install-runtime: ## install what the image holds, in the locked versions, into PREFIX
	$(PYTHON) -m venv --without-pip $(PREFIX)
	$(PYTHON) -m pip --python $(PREFIX)/bin/python install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements-runtime.lock
	$(PYTHON) -m pip --python $(PREFIX)/bin/python install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .
	$(PYTHON) -m pip --python $(PREFIX)/bin/python uninstall --yes --disable-pip-version-check setuptools mypy mypy-extensions pathspec librt ast-serialize

HELM := $(BIN)/helm
$(HELM): deploy/helm/get_helm.py | $(STAMP)
	@$(BIN)/python deploy/helm/get_helm.py $@

helm: $(HELM) ## get the helm binary with which the tests render the chart (Linux on x86-64)

upgrade-test: $(STAMP) ## upgrade from an earlier commit under load, old and new processes side by side (UPGRADE_SECONDS)
	@$(BIN)/python -m tests.upgrade

run: $(STAMP) ## run the whole service on this machine and collect it
	@$(BIN)/inventory up --demo

test: $(STAMP) $(HELM) ## run the tests: unit, contract, integration, end to end
	@$(BIN)/python tests/run_suites.py

COMPILED := build/compiled
test-compiled: $(STAMP) ## run the tests of the hot modules once more, against those modules compiled (needs a C compiler)
	@INVENTORY_COMPILE=1 $(BIN)/python setup.py --quiet build --build-lib $(COMPILED)
	@TESTED_COMPILED=1 PYTHONPATH=$(COMPILED) $(BIN)/python tests/run_suites.py unit integration/ingest

test-deep: $(STAMP) $(HELM) ## run the tests again with many more examples
	@INVENTORY_TEST_PROFILE=deep $(BIN)/python tests/run_suites.py --deep

chaos: $(STAMP) ## do every fault at random for ten minutes (CHAOS_SECONDS, CHAOS_SEED) and check what is left
	@$(BIN)/python -m tests.chaos

check: $(STAMP) ## format, lint (also for security), types, layers, generated code, dependencies
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python proto/generate.py --check
	@$(BIN)/python .ci/audit.py

format: $(STAMP) ## format the code and mend what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

proto: $(STAMP) ## generate src/inventory/stubs from proto/
	@$(BIN)/python proto/generate.py

docs: $(STAMP) ## write the tables of docs/ that come from the code
	@$(BIN)/python .ci/docs.py

bench: $(STAMP) ## measure, beside the floors of the same run
	@$(BIN)/python -m tests.bench

bench-compare: $(STAMP) ## compare two results: make bench-compare OLD=one.json NEW=other.json
	@$(BIN)/python -m tests.bench compare "$(OLD)" "$(NEW)"

bench-guard: $(STAMP) ## is it slower than the committed baseline? short; exit code 1 if so
	@$(BIN)/python -m tests.bench guard

# Both hold every platform's hashes and serve Python 3.11 and newer; what is locked stays, unless UPGRADE=--upgrade.
LOCKED := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
lock: $(STAMP) ## write the versions and hashes of all dependencies to requirements.lock and, for the image, requirements-runtime.lock
	@$(LOCKED) $(UPGRADE) --all-extras --output-file requirements.lock pyproject.toml
	@$(LOCKED) --extra tracing --extra build --constraint requirements.lock --output-file requirements-runtime.lock pyproject.toml

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache bench-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
