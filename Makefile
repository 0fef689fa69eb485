# Everything a newcomer types. Each target sets up .venv if needed.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help first run ui test test-fast check lock sbom bench gpu gpu-wheels clean
.DEFAULT_GOAL := help

# Waiting OpenMP threads sleep: docs/decisions/0006-sleeping-threads.md
export OMP_WAIT_POLICY ?= PASSIVE

# Each is matched to the letter.
GPU_PLATFORMS := manylinux_2_28_x86_64 manylinux_2_27_x86_64 manylinux_2_17_x86_64 manylinux2014_x86_64

help: ## say what each target does
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# What has the listed digests, and nothing beside the lists: SECURITY.md
PINNED := --no-deps --require-hashes --requirement
# torch as PyPI has it. For another build, such as one without CUDA: make run TORCH='--no-deps torch==2.13.0'
TORCH ?= $(PINNED) requirements/torch.txt

$(INSTALLED): pyproject.toml $(wildcard requirements/*.txt)
	@echo "setting up .venv (some minutes the first time)"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet $(PINNED) requirements/development.txt
	PYTHONWARNINGS='ignore:Editable installation' \
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	$(BIN)/sectorforge extras
	@touch $@

first: $(INSTALLED) ## one use case, for a first report within two minutes
	$(BIN)/sectorforge run healthcare/disease_prediction

run: $(INSTALLED) ## raw data to reports, for every use case
	$(BIN)/sectorforge run

ui: $(INSTALLED) ## the Dagster UI on this machine
	$(BIN)/sectorforge ui

# They wait for processes and clocks a third of their time.
SLOW_WORKERS = $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 2) * 3 // 2)')

test: test-fast ## every test, slow ones included
	$(BIN)/python -m pytest -m slow --numprocesses $(SLOW_WORKERS) --dist loadfile

test-fast: $(INSTALLED) ## the tests that take seconds, on every core
	$(BIN)/python -m pytest -m 'not slow' --numprocesses logical --dist loadfile

check: $(INSTALLED) ## formatting, lint, types, imports, catalogue, definitions, licences, known vulnerabilities
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/sectorforge check
	$(BIN)/dg check defs
	$(BIN)/pip-licenses
	$(BIN)/python .ci/audit.py requirements/*.txt

# Takes new versions only where pyproject.toml asks for them. To take them all: make lock UPGRADE=--upgrade
LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header --no-annotate \
	$(UPGRADE)
# What torch brings on Linux alone is for CUDA, and belongs to its list.
NO_TORCH = --no-emit-package torch \
	$$(sed -n "s/^\([a-z0-9-]*\)==.*sys_platform == 'linux'.*/--no-emit-package \1/p" requirements/torch.txt)

lock: ## requirements/*.txt, with the digest of every file that their versions have
	sed -n 's/^ *"\(torch>=.*\)",$$/\1/p' pyproject.toml | $(LOCK) - --output-file requirements/torch.txt
	$(LOCK) pyproject.toml --extra image --extra dev $(NO_TORCH) --constraint requirements/torch.txt \
		--output-file requirements/development.txt
	$(LOCK) pyproject.toml --extra image $(NO_TORCH) --constraint requirements/torch.txt \
		--constraint requirements/development.txt --output-file requirements/image.txt
	$(LOCK) requirements/gpu.in --no-deps --constraint requirements/image.txt --output-file requirements/gpu.txt

sbom: $(INSTALLED) ## what is installed, as a CycloneDX list of components, into sbom.json
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-format JSON \
		--output-file sbom.json $(BIN)/python

bench: $(INSTALLED) ## what Dagster adds to a run
	$(BIN)/python -m benchmarks.dagster_overhead

# Works without .venv too, where there is no network to fill it from: docs/gpu.md
gpu: ## what each learner takes on a GPU and on the CPU, in under eight minutes
	$(or $(wildcard $(BIN)/python),$(PYTHON)) -m benchmarks.gpu $(ARGUMENTS)

gpu-wheels: ## what `make gpu` needs on a machine without a network, into gpu-wheels/
	$(PYTHON) -m pip download --quiet --only-binary=:all: --python-version 3.12 --implementation cp \
		$(addprefix --platform ,$(GPU_PLATFORMS)) --dest gpu-wheels $(PINNED) requirements/gpu.txt

clean: ## remove .venv and all state
	rm -rf .venv .sectorforge .pytest_cache .ruff_cache *.egg-info .tmp_dagster_home_* sbom.json
