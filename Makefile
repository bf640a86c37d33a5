# The two commands: `make search` runs a real hyperparameter search, `make test` runs every check.
# Both make the environment first when it is missing; after that neither needs the network.

PYTHON ?= python3.11
BIN := .venv/bin
STAMP := .venv/complete

.DEFAULT_GOAL := help
.PHONY: help env search test lint benchmark constraints clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(STAMP) ## Make .venv with every pinned package (once; a few minutes)

$(STAMP): constraints.txt pyproject.toml
	@echo "Making .venv from constraints.txt: about 110 packages, 1.5 GB, a few minutes …"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

search: $(STAMP) ## Run a random search over a Keras model on the digits data, with a report
	$(BIN)/automl run random

lint: $(STAMP) ## Style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint ## Every check and every test
	$(BIN)/pytest

benchmark: $(STAMP) ## Ratios against peers and the latency of every algorithm (quiet machine, minutes)
	$(BIN)/python -m tests.benchmarks

constraints: ## Compile constraints.txt and the image's requirements.txt anew (needs uv)
	uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 \
		--all-extras --custom-compile-command 'make constraints' pyproject.toml -o constraints.txt
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 --no-annotate \
		--custom-compile-command 'make constraints' -c constraints.txt trial_image/requirements.in -o trial_image/requirements.txt

clean: ## Remove .venv and caches, but no run
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
