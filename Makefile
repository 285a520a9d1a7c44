# `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_READY := $(VENV)/.bench-ready

COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --upgrade --generate-hashes \
	--no-emit-index-url --no-annotate --no-strip-extras --quiet --custom-compile-command "make lock"

# Without bytecode on disk every process compiles the package again, and a run of the tests starts dozens.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# The environment holds exactly what the lock says, and is made anew when the lock changes.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

# What only the benchmark needs is added to it.
$(BENCH_READY): $(READY) bench/requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r bench/requirements.lock
	@touch $(BENCH_READY)

.PHONY: demo
demo: $(READY) ## Simulate a platform, land and compute its logs, and show what came of them (1 to 2 minutes)
	$(BIN)/usage-pipeline demo

.PHONY: dev
dev: $(READY) ## Start the database, Dagster (http://127.0.0.1:3000), the read API and the dashboard (port 8000)
	$(BIN)/usage-pipeline dev

.PHONY: test
test: $(READY) ## Run the linters and the tests (under 10 minutes)
	$(MAKE) --no-print-directory --jobs 2 lint pytest

# Threads of numpy wait for each other busily, which takes the processors from the other workers.
.PHONY: pytest
pytest: $(READY) ## Run the tests
	$(BIN)/python -m compileall -q usage_pipeline
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: acceptance
acceptance: $(READY) ## Run the checks that take too long for `test`: whole logs through Dagster, real kills
	$(BIN)/python -m pytest -m acceptance --durations 10

.PHONY: bench
bench: $(BENCH_READY) ## Measure speed and memory beside other tools, and write them to bench/ and docs/ (an hour)
	$(BIN)/python -m bench --publish

.PHONY: docs
docs: $(READY) ## Write the pages and the schema in docs that are made from the code, and the lineage of columns
	$(BIN)/python -m docs.reference

.PHONY: lint
lint: $(READY) ## Check style, types, imports and definitions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: lock
lock: $(READY) ## Resolve the newest allowed versions into both requirements.lock, with hashes
	$(COMPILE) pyproject.toml --group dev --output-file requirements.lock
	$(COMPILE) --group bench --constraint requirements.lock --output-file bench/requirements.lock

.PHONY: clean
clean: ## Remove the environment, caches and what can be computed from landed events; nothing that pruning relies on
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis data/tmp
	rm -rf data/lake/excluded_events data/lake/usage_records data/lake/conflicts
