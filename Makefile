# Purser: `make` alone lists what can be made.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

# A PYTHONPATH or PYTHONOPTIMIZE left over in the shell must not change what runs here.
unexport $(filter PYTHON%,$(.VARIABLES))
unexport VIRTUAL_ENV

# Nothing outside the checkout is written to, unless the machine says where its caches are.
export PIP_CACHE_DIR ?= $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK ?= 1

BIN := .venv/bin
VENV := $(BIN)/.created
SERVICE := $(BIN)/.service-installed
TOOLS := $(BIN)/.tools-installed

.PHONY: help run demo test check deploy-check format-check lint types layers format lock wheel bench clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(SERVICE) ## Start the service with its own PostgreSQL on 127.0.0.1:8000
	@$(BIN)/purser serve

# Whatever database the shell names is not for this.
DEMO := env -u DATABASE_URL -u PURSER_DATABASE_URL PURSER_DATA_DIR=data-demo $(BIN)/purser
demo: data-demo/world.txt ## Start the service on a seeded world in data-demo/, and say who can log in
	@cat $<
	@$(DEMO) serve

data-demo/world.txt: | $(SERVICE)
	@mkdir -p data-demo
	@$(DEMO) seed > $@

test: $(TOOLS) ## Run the tests; ARGS="-k charge" passes options to pytest
	$(BIN)/python -m pytest $(ARGS)

check: format-check lint types layers test ## All that must be green before a commit

format-check: $(TOOLS) ## Is the code formatted?
	$(BIN)/ruff format --check .

lint: $(TOOLS) ## ruff
	$(BIN)/ruff check .

types: $(TOOLS) ## mypy --strict
	$(BIN)/mypy

layers: $(TOOLS) ## Do imports point one way?
	$(BIN)/lint-imports

deploy-check: $(TOOLS) ## Are compose file, image, playbook and units well-formed? (`make test` asks too)
	$(BIN)/python -m pytest tests/deploy/test_compose.py tests/deploy/test_image.py tests/deploy/test_ansible.py

format: $(TOOLS) ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(TOOLS) ## Charges a second, beside pgbench; wallets spread over lanes; ten times the load
	$(BIN)/python -m bench
	$(BIN)/python -m bench.lanes
	$(BIN)/python -m bench.overload

# The index is the machine's own, as pip has it configured; its name must not stand in the lock files.
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --generate-hashes --python-version 3.11 \
	--group build --no-header --no-emit-index-url --no-emit-find-links --cache-dir .cache/uv
lock: $(TOOLS) ## Resolve the dependencies anew into the lock files
	$(LOCK) --upgrade --output-file requirements.lock
	$(LOCK) --upgrade --extra dev --constraint requirements.lock --output-file requirements-dev.lock

wheel: $(TOOLS) ## Build the wheel that deploy/ansible installs, in dist/
	$(BIN)/python -m hatchling build -t wheel -d dist

clean: ## Remove what was built and installed; the data stay
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -not -path './data/*' -not -path './data-demo/*' -prune -exec rm -rf {} +

# Debian keeps ensurepip in a package of its own (python3-venv): a Python without it is passed over.
$(VENV):
	@for candidate in python3.11 python3 python3.12 python3.13 python3.14; do \
		if $$candidate -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Making .venv with $$($$candidate --version)"; \
			$$candidate -m venv --clear .venv && touch $@; exit; \
		fi; \
	done; \
	echo "Purser needs Python 3.11 or later with venv (on Debian: apt-get install python3 python3-venv)." >&2; \
	exit 1

INSTALL := $(BIN)/python -m pip install --quiet
define install
	@echo "Installing from $(1)"
	@$(INSTALL) --require-hashes -r $(1)
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@
endef

$(SERVICE): $(VENV) requirements.lock pyproject.toml
	$(call install,requirements.lock)

$(TOOLS): $(VENV) requirements-dev.lock pyproject.toml
	$(call install,requirements-dev.lock)
	@touch $(SERVICE)
