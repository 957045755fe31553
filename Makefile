# Recipes of the repository. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup lock demo cluster cluster-test trace history stop test check fast coverage static fmt chaos hostile sbom bench eval eval-stream docs health psql slack-check clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := $(shell sed -n 's/^uv==//p' requirements-dev.txt)

export AIRFLOW_PORT ?= 8080
export SLACK_SANDBOX_PORT ?= 8091
export EMBEDDINGS_PORT ?= 8092
export API_SERVER_PORT ?= 8093
export TRACES_PORT ?= 8095
export TRACES
export CLUSTER
export PYTHONPATH := $(CURDIR)
# Every Airflow task is a fresh process: without compiled files each one compiles what it imports.
unexport PYTHONDONTWRITEBYTECODE

help: ## List the recipes
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3,11) <= sys.version_info[:2] <= (3,13))' || \
	  { echo "Python 3.11 to 3.13 is needed; $(PYTHON) is $$($(PYTHON) --version). Set PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import uv' 2>/dev/null || $(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	@touch $@

setup: $(VENV)/.installed ## Make the virtual environment from the lock

$(VENV)/.cluster: requirements-cluster.lock $(VENV)/.installed
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --require-hashes -r requirements-cluster.lock
	@touch $@

lock: ## Make the locks anew from the pinned requirements*.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  requirements.txt requirements-airflow.txt requirements-sandbox.txt requirements-dev.txt -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	  -c requirements.lock $$(sed -nE 's/^([a-z0-9.-]+)(\[[a-z,]+\])?==.*/--no-emit-package \1/p' requirements.lock) \
	  requirements-cluster.txt -o requirements-cluster.lock

demo: setup ## Run the main job on sample wording: make demo [FILE=path.jsonl or .csv] [TRACES=1]
	@$(BIN)/python -m sandbox.demo $(FILE)

cluster: setup $(VENV)/.cluster ## The same on a cluster: Celery, Redis, PgBouncer, most components twice: make cluster [FILE=path.jsonl]
	@CLUSTER=1 $(BIN)/python -m sandbox.demo $(FILE)

trace: setup ## Print an entry's way as the sandbox's trace of it, after make demo TRACES=1: make trace ENTRY=1
	@test -n "$(ENTRY)" || { echo "Name an entry: make trace ENTRY=1"; exit 2; }
	@$(BIN)/python -m sandbox.traces $(ENTRY)

history: setup ## Add sixty made-up days to the running sandbox, to try reports on
	@$(BIN)/python -m sandbox.history

stop: ## Stop everything the demo started (its state stays in .sandbox/)
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m sandbox.stack down; fi

static: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@$(BIN)/python -m sandbox.dag_page --check

fast: static ## Format check, lint, rooms, types, generated docs and the unit tests, within a minute
	@$(BIN)/python -m pytest -q -n 2 tests/unit

test: static ## What fast checks and all other tests; exactly what CI runs
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

coverage: static ## What test does, with the coverage of include measured, branches too
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder --cov

check: test ## Another name of test

fmt: setup ## Format and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: setup ## Make docs/dags.md from the DAG files
	@$(BIN)/python -m sandbox.dag_page

sbom: setup ## Make sbom.json (CycloneDX) from the lock, and docs/licences.md
	@$(BIN)/uv tool run --from cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements.lock --of JSON -o sbom.json
	@$(BIN)/python -m sandbox.licence_page

chaos: setup ## Kill every component while waits are open and count what is lost: make chaos [CHAOS_WAITS=60] [CLUSTER=1]
	@if [ -n "$(CLUSTER)" ]; then $(MAKE) -s $(VENV)/.cluster; fi
	@CHAOS_WAITS=$${CHAOS_WAITS:-60} $(BIN)/python -m pytest tests/chaos -s -q

cluster-test: setup $(VENV)/.cluster ## Test what needs a cluster: a real Redis, PgBouncer, two of most components
	@CLUSTER=1 $(BIN)/python -m pytest tests/cluster -q

hostile: setup ## Try hostile calls on the running sandbox and count what gets through
	@$(BIN)/python -m sandbox.stack run benchmarks.hostile

bench: setup ## Run the benchmarks and print their figures
	@$(BIN)/python -m benchmarks.run

eval: setup ## Measure the matcher on labelled data: make eval DATA=folder
	@test -n "$(DATA)" || { echo "Name a folder: make eval DATA=path/to/folder"; exit 2; }
	@$(BIN)/python -m benchmarks.evaluate $(DATA)

eval-stream: setup ## Measure it as a deployment in time, entry by entry: make eval-stream DATA=folder
	@test -n "$(DATA)" || { echo "Name a folder: make eval-stream DATA=path/to/folder"; exit 2; }
	@$(BIN)/python -m benchmarks.evaluate_stream $(DATA)

health: setup ## Say how the running sandbox's model, embeddings and Slack do: make health [ASK=1]
	@$(BIN)/python -m sandbox.stack run include.operations.health $(if $(ASK),--ask)

psql: setup ## Open a shell on the running sandbox's product database: make psql [SQL="SELECT 1"]
	@$(BIN)/python -m sandbox.stack psql $(if $(SQL),--command "$(SQL)")

slack-check: setup ## Check the Slack app of a real workspace: token, scopes, secret, channels
	@$(BIN)/python -m include.operations.slack_check

clean: stop ## Remove the sandbox's state
	@rm -rf .sandbox
