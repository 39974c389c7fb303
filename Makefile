# The two commands of the README, and what a maintainer needs. Nothing but Python 3.11 is asked for.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help run demo test lint fuzz fuzz-api audit sbom hostile soak chaos bench bench-read bench-page screenshots geo requirements tracker clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

run: $(VENV)/run.stamp ## start everything; Ctrl-C stops it
	@exec $(BIN)/analytics up

demo: $(VENV)/run.stamp ## the same with a shop that does not exist: weeks of traffic, and more as you watch
	@ls "$${DATA_DIR:-data}"/geo/*.mmdb >/dev/null 2>&1 || $(BIN)/python -m shared.geo_download --country || true
	@exec $(BIN)/analytics up --demo

# A file's tests keep to one process and share its servers; the folders that take longest come first by their names.
test: lint ## linters, types, import contracts, then every test
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

lint: $(VENV)/dev.stamp ## linters, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports --no-cache

fuzz: $(VENV)/fuzz.stamp ## try inputs on each decoder, guided by coverage, or SECONDS=600 TARGET=body
	$(BIN)/python -m tests.fuzz $(SECONDS) $(TARGET)

SECONDS := 60

fuzz-api: $(VENV)/dev.stamp ## send every route of the API document hundreds of requests
	FUZZ_EXAMPLES=300 $(BIN)/python -m pytest tests/openapi/test_fuzz.py

chaos: $(VENV)/dev.stamp ## hit everything with faults for a minute, or ARGS="--seconds 600 --seed 7"
	$(BIN)/python -m tests.chaos $(ARGS)

audit: $(VENV)/audit.stamp ## look for known flaws in what we depend on
	$(BIN)/python -m tests.audit

sbom: $(VENV)/audit.stamp ## write the bill of materials, build/sbom.json (CycloneDX)
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --of JSON --output-file build/sbom.json requirements.txt

hostile: $(VENV)/dev.stamp ## measure how visitors are served while others attack, each for about SECONDS=60
	$(BIN)/python -m tests.hostile $(SECONDS)

soak: $(VENV)/dev.stamp ## run everything under a steady load for HOURS=8, and see that nothing grows
	$(BIN)/python -m tests.soak $(HOURS)

HOURS := 8

bench: $(VENV)/dev.stamp ## measure the hot paths, or ARGS="gateway worker --events 1000000"; judges nothing
	$(BIN)/python -m tests.bench $(ARGS)

bench-read: $(VENV)/dev.stamp ## measure reports over 10 million events, or EVENTS=1000000
	$(BIN)/python -m tests.bench.read

bench-page: $(VENV)/dev.stamp ## measure the page in a browser: time to the first chart, bytes of the first load
	$(BIN)/python -m tests.bench.page

screenshots: $(VENV)/dev.stamp ## take the pictures of the README anew
	@ls "$${DATA_DIR:-data}"/geo/*.mmdb >/dev/null 2>&1 || $(BIN)/python -m shared.geo_download --country || true
	$(BIN)/python -m tests.browser.screenshots

geo: $(VENV)/run.stamp ## fetch a free geo database into DATA_DIR/geo
	$(BIN)/python -m shared.geo_download

requirements: $(VENV)/dev.stamp ## pin all dependencies anew, with hashes
	$(BIN)/pip-compile $(COMPILE) --extra embedded --output-file requirements.txt pyproject.toml
	$(BIN)/pip-compile $(COMPILE) --extra embedded --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml
	for tool in fuzz audit; do $(BIN)/pip-compile $(COMPILE) --constraint requirements-dev.txt \
		--output-file tests/$$tool/requirements.txt tests/$$tool/requirements.in || exit 1; done

COMPILE := --quiet --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url --no-emit-trusted-host \
	--no-emit-find-links --no-emit-options --no-header --resolver backtracking

tracker: ## build the tracker of its source (needs node and the npm registry)
	cd ingest && npx --yes uglify-js@3.19.3 script.source.js --compress passes=3,collapse_vars=false --mangle --output static/script.v1.js
	cd ingest && sha256sum script.source.js static/script.v1.js > static/script.v1.sha256

clean: ## remove the environment and caches, never the data
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# A stamp is newer than what it was made from: the second run installs nothing.
$(VENV)/bin/python:
	@echo "making $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing dependencies (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	@echo "installing development tools (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# What two commands alone need, beside the development tools.
$(VENV)/%.stamp: tests/%/requirements.txt $(VENV)/dev.stamp
	@echo "installing what tests/$* needs (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/$*/requirements.txt
	@touch $@
