# The two commands: `make search` runs a real hyperparameter search, `make test` runs every check.
# Both make the environment first when it is missing; after that neither needs the network.

PYTHON ?= python3.11
BIN := .venv/bin
STAMP := .venv/complete
NEWEST := .venv-newest/complete

IMAGE ?= katib-automl/trial:0.1.0
SUGGESTION_IMAGE ?= katib-automl/suggestion:0.1.0
PIPELINES_IMAGE ?= katib-automl/pipelines:0.1.0
# The first that answers: a docker command may have no engine behind it.
ENGINE ?= $(shell for engine in docker podman buildah; do $$engine info > /dev/null 2>&1 && echo $$engine && break; done)
# BUILD_FLAGS: what a build needs in a place, such as a proxy's certificate: --volume=FILE:/etc/ssl/certs/ca-certificates.crt:ro
BUILD = $(or $(ENGINE),$(error needs docker, podman or buildah)) build $(BUILD_FLAGS) --build-arg VERSION=$(lastword $(subst :, ,$(IMAGE))) \
	--build-arg REVISION=$(shell git describe --always --abbrev=40 --dirty --exclude '*')
COMPILE := uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 \
	--custom-compile-command 'make constraints'
NEEDLESS := --no-annotate --no-emit-package libclang  # TensorFlow asks for it and never loads it

.DEFAULT_GOAL := help
.PHONY: help env env-newest search test test-newest compiled manifests test-cluster lint benchmark constraints image image-gpu image-suggestion image-pipelines images image-test kind-up kind-load kind-down clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(STAMP) ## Make .venv with every pinned package (once; a few minutes)

$(STAMP): constraints.txt pyproject.toml
	@echo "Making .venv from constraints.txt: about 110 packages, 1.5 GB, a few minutes …"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	@touch $@

env-newest: $(NEWEST) ## Make .venv-newest: the newest KFP, which some tests of the pipelines need (130 MB)

$(NEWEST): tests/pipelines/newest/requirements.txt
	$(PYTHON) -m venv .venv-newest
	.venv-newest/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

search: $(STAMP) ## Run a random search over a Keras model on the digits data, with a report
	$(BIN)/automl run random

lint: $(STAMP) ## Style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint $(NEWEST) ## Every check and every test
	$(BIN)/pytest

test-newest: $(STAMP) $(NEWEST) ## The compiled pipelines with the newest KFP
	$(BIN)/pytest tests/pipelines/newest

compiled: $(STAMP) ## Compile the pipelines anew; fails where the files that are checked in are others
	$(BIN)/python -m pipelines compile
	git diff --exit-code -- pipelines/compiled

manifests: $(STAMP) ## Render the manifests in every composition, and look at the pods (needs kubectl)
	kubectl version --client
	$(BIN)/pytest tests/manifests

test-cluster: $(STAMP) ## The tests that need a Kubernetes with Katib: that of KUBECONFIG
	@: $${KUBECONFIG:?must be set: the file that says which cluster}
	$(BIN)/pytest -n 4 -m cluster --ignore tests/cluster/inside tests/cluster tests/contracts
	$(BIN)/pytest -n 4 -m 'cluster and not alone' tests/cluster/inside
	$(BIN)/pytest -m 'cluster and alone' tests/cluster/inside

benchmark: $(STAMP) ## Ratios against peers and the latency of every algorithm (quiet machine, minutes)
	$(BIN)/python -m tests.benchmarks

constraints: ## Compile constraints.txt and the images' requirements anew (needs uv)
	$(COMPILE) --all-extras pyproject.toml -o constraints.txt
	$(COMPILE) $(NEEDLESS) --constraints constraints.txt trial_image/requirements/cpu.in -o trial_image/requirements/cpu.txt
	$(COMPILE) $(NEEDLESS) --constraints constraints.txt trial_image/requirements/gpu.in -o trial_image/requirements/gpu.txt
	$(COMPILE) $(NEEDLESS) --constraints constraints.txt --python-platform aarch64-manylinux_2_28 \
		trial_image/requirements/arm64.in -o trial_image/requirements/arm64.txt
	$(COMPILE) $(NEEDLESS) trial_image/requirements/tf221.in -o trial_image/requirements/tf221.txt
	$(COMPILE) --no-annotate --no-deps --constraints constraints.txt katib_experiments/suggestion/requirements.in -o katib_experiments/suggestion/requirements.txt
	$(COMPILE) --no-annotate --constraints constraints.txt --extra cluster --extra pipelines pyproject.toml -o pipelines/requirements.txt
	$(COMPILE) tests/pipelines/newest/requirements.in -o tests/pipelines/newest/requirements.txt

image: ## Build the image of a Trial for a CPU, with docker, podman or buildah (1.6 GB, minutes)
	$(BUILD) --file trial_image/Dockerfile --tag $(IMAGE) trial_image
	@$(ENGINE) images $(IMAGE)

image-gpu: ## The same with CUDA (5.1 GB)
	$(BUILD) --file trial_image/Dockerfile.gpu --tag $(IMAGE)-gpu trial_image
	@$(ENGINE) images $(IMAGE)-gpu

image-suggestion: ## Build the image of the suggestion service
	$(BUILD) --file katib_experiments/suggestion/Dockerfile --tag $(SUGGESTION_IMAGE) katib_experiments
	@$(ENGINE) images $(SUGGESTION_IMAGE)

image-pipelines: image ## Build the image of the pipelines' steps, on that of a Trial
	$(BUILD) --build-arg TRIAL=$(IMAGE) --file pipelines/Dockerfile --tag $(PIPELINES_IMAGE) .
	@$(ENGINE) images $(PIPELINES_IMAGE)

images: image image-gpu image-suggestion image-pipelines ## All images, and their sizes

image-test: image $(STAMP) ## Run Trials in the image as a cluster would (docker or podman)
	ENGINE=$(ENGINE) TRIAL_IMAGE=$(IMAGE) $(BIN)/pytest tests/image

kind-up: ## Katib on this machine: kind's nodes, our images, an example; KIND= takes the cluster of KUBECONFIG (docs/manifests.md)
	manifests/kind/up.sh

kind-load: ## Load the images into it again
	manifests/kind/load.sh

kind-down: ## Delete it
	manifests/kind/down.sh

clean: ## Remove .venv and caches, but no run
	rm -rf .venv .venv-newest build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
