# Everything a newcomer types. Each target sets up .venv if needed.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help run ui test test-fast check bench gpu gpu-wheels clean
.DEFAULT_GOAL := help

# Waiting OpenMP threads sleep: docs/decisions/0006-sleeping-threads.md
export OMP_WAIT_POLICY ?= PASSIVE

# Each is matched to the letter.
GPU_PLATFORMS := manylinux_2_28_x86_64 manylinux_2_27_x86_64 manylinux_2_17_x86_64 manylinux2014_x86_64

help: ## say what each target does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# torch first and alone: what else needs it then keeps the build that is there.
$(INSTALLED): pyproject.toml constraints.txt
	@echo "setting up .venv (some minutes the first time)"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all,dev]'
	$(BIN)/sectorforge extras
	@touch $@

run: $(INSTALLED) ## raw data to reports, for every use case
	$(BIN)/sectorforge run

ui: $(INSTALLED) ## the Dagster UI on this machine
	$(BIN)/sectorforge ui

test: test-fast ## every test, slow ones included
	$(BIN)/python -m pytest -m slow --numprocesses logical --dist loadfile

test-fast: $(INSTALLED) ## the tests that take seconds, on every core
	$(BIN)/python -m pytest -m 'not slow' --numprocesses logical --dist loadfile

check: $(INSTALLED) ## formatting, lint, types, direction of imports, catalogue, definitions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/sectorforge check
	$(BIN)/dg check defs

bench: $(INSTALLED) ## what Dagster adds to a run
	$(BIN)/python -m benchmarks.dagster_overhead

# Works without .venv too, where there is no network to fill it from: docs/gpu.md
gpu: ## what each learner takes on a GPU and on the CPU, in under eight minutes
	$(or $(wildcard $(BIN)/python),$(PYTHON)) -m benchmarks.gpu $(ARGUMENTS)

gpu-wheels: ## what `make gpu` needs on a machine without a network, into gpu-wheels/
	$(PYTHON) -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 --implementation cp \
		$(addprefix --platform ,$(GPU_PLATFORMS)) --dest gpu-wheels --requirement benchmarks/gpu/requirements.txt

clean: ## remove .venv and all state
	rm -rf .venv .sectorforge .pytest_cache .ruff_cache *.egg-info .tmp_dagster_home_*
