# Everything from scratch on a machine with Python 3.11+ and make: `make run`, `make test`.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Says that the set-up was finished with this lock; interrupted, it simply runs again.
READY := $(VENV)/.ready
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help install run test check lock clean browser

help: ## Show what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile

install: $(READY) ## Build the environment from requirements.lock

$(READY): requirements.lock pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Tillboard needs Python 3.11 or later. Say which one to use: make PYTHON=python3.12 ..."; exit 1; }
	@rm -f "$(READY)"
	@"$(BIN)/python" -m pip --version >/dev/null 2>&1 || { rm -rf "$(VENV)"; "$(PYTHON)" -m venv "$(VENV)"; } || \
	    { echo "Python's venv module is missing. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "building the environment from requirements.lock; the first time takes a few minutes"
	"$(BIN)/python" -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements.lock
	"$(BIN)/python" -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch "$(READY)"

run: $(READY) ## Start everything and serve the board until Ctrl-C
	@exec "$(BIN)/python" -m runtime run

browser: $(READY)
	@"$(BIN)/python" -m tests.browser

test: $(READY) browser ## Run all tests, a browser's too; what failed beside others once more alone
	"$(BIN)/python" -m pytest -n $(WORKERS) --dist loadscope tests || \
	    "$(BIN)/python" -m pytest --last-failed --last-failed-no-failures none tests

check: $(READY) ## Lint, types, import arrows, dependencies
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports"
	"$(BIN)/deptry" .

lock: ## Pin the dependencies of pyproject.toml anew, with hashes and no index address
	UV_CUSTOM_COMPILE_COMMAND="make lock" "$(BIN)/uv" pip compile --quiet --universal --upgrade \
	    --generate-hashes --no-emit-index-url --no-emit-find-links --python-version 3.11 \
	    --extra dev --extra test --output-file requirements.lock pyproject.toml

clean: ## Remove the environment and what tools left; data stays
	rm -rf "$(VENV)" .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build *.egg-info
