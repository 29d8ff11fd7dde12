# `make` lists the targets. Nothing but Python 3.11 (or newer) and make is needed to begin.

PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3 python; do \
  "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
EMBEDDED := STEADYBACK_MODE=embedded
MANAGE := $(EMBEDDED) $(BIN)/python manage.py
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install -qq --require-hashes
CONTENT := $(shell find rehab/library/content -type f 2>/dev/null)
STATIC := $(shell find static -type f 2>/dev/null)
MIGRATIONS := $(shell find accounts rehab -path '*/migrations/*.py' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help run test test-browser test-engines check bench bench-nudges lighthouse mutants lock fmt messages screenshots clean
.SUFFIXES:
.DELETE_ON_ERROR:

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Set-up; each step leaves a stamp, so that a second start skips what has not changed ----------------------------

$(VENV)/bin/python:
	@test -n "$(PYTHON)" \
	  || { echo "Python 3.11 or newer is needed, and none was found. Name it: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "==> Virtual environment in $(VENV) (a few seconds)"
	@"$(PYTHON)" -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "This Python cannot make virtual environments; on Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/.stamp-runtime: requirements/runtime.txt | $(VENV)/bin/python
	@echo "==> Installing the pinned packages (about 15 seconds the first time)"
	@$(PIP) -r requirements/runtime.txt
	@touch $@

$(VENV)/.stamp-dev: requirements/dev.txt $(VENV)/.stamp-runtime
	@echo "==> Installing the pinned test tools (about half a minute the first time)"
	@$(PIP) -r requirements/dev.txt
	@touch $@

# The steps that fill a database are remembered for each database.
DATABASE := $(shell printf %s "$$DATABASE_URL" | cksum | cut -d " " -f 1)

var/.stamp-database-$(DATABASE): $(MIGRATIONS) $(VENV)/.stamp-runtime
	@echo "==> Database"
	@$(MANAGE) migrate --verbosity 0
	@touch $@

var/.stamp-static: $(STATIC) $(VENV)/.stamp-runtime
	@echo "==> Static files"
	@$(MANAGE) collectstatic --noinput --verbosity 0
	@touch $@

var/.stamp-content-$(DATABASE): $(CONTENT) var/.stamp-database-$(DATABASE)
	@echo "==> Clinical content"
	@$(MANAGE) load_library
	@touch $@

var/.stamp-demo-$(DATABASE): | var/.stamp-content-$(DATABASE)
	@echo "==> Demo clinic: eight dogs, eight weeks (a few seconds, the first time only)"
	@DEMO=1 $(MANAGE) demo
	@touch $@

# --- Targets ---------------------------------------------------------------------------------------------------------

run: var/.stamp-static var/.stamp-content-$(DATABASE) var/.stamp-demo-$(DATABASE) ## Set up what is missing and run Steadyback with its demo clinic (PORT=8000)
	@DEMO=1 $(MANAGE) up

test: $(VENV)/.stamp-dev ## Run every test on every database, broker and browser that is there
	@$(BIN)/python tests/run.py

test-browser: $(VENV)/.stamp-dev ## Run every browser scenario, the slow ones too (Chromium)
	@$(BIN)/python tests/run.py --suite browser

test-engines: $(VENV)/.stamp-dev ## Run the phone in other browser engines: without a network (WebKit), a message all the way (Firefox)
	@$(BIN)/python tests/run.py --suite engines

check: $(VENV)/.stamp-dev ## Lint, types, layers, templates, migrations, deployment settings
	@$(BIN)/python tests/check.py

bench: $(VENV)/.stamp-dev ## Counts and CPU ratios against a bare Django page
	@$(BIN)/python -m tests.bench

bench-nudges: $(VENV)/.stamp-dev ## Planning and delivering reminders for up to a million caregivers (PostgreSQL; minutes)
	@$(BIN)/python -m tests.bench.nudges

lighthouse: $(VENV)/.stamp-dev ## Accessibility, best practices, shifts, bytes and requests of the main pages (npm, Chromium)
	@$(BIN)/python -m tests.lighthouse

mutants: $(VENV)/.stamp-dev ## Break the rules one small thing at a time; nine of ten breaks must fail a test
	@$(BIN)/python tests/mutants.py

lock: $(VENV)/.stamp-dev ## Pin the newest allowed versions, with hashes, into requirements/
	@$(BIN)/uv pip compile --quiet --upgrade $(LOCK) --output-file requirements/runtime.txt pyproject.toml
	@$(BIN)/uv pip compile --quiet --upgrade $(LOCK) --group dev --constraint requirements/runtime.txt \
	  --output-file requirements/dev.txt pyproject.toml

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"

fmt: $(VENV)/.stamp-dev ## Format code and templates
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .
	@find templates -name '*.html' -exec $(BIN)/djade --target-version 5.2 {} + || true

messages: $(VENV)/.stamp-dev ## Bring the Spanish catalogues up to the source, and compile them
	@$(BIN)/python -m tests.messages

screenshots: $(VENV)/.stamp-dev ## Take the pictures of README and docs
	@$(BIN)/python -m tests.screenshots

clean: ## Remove what was generated, the demo data included (the virtual environment stays)
	@rm -rf var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find accounts rehab tests -name __pycache__ -type d -prune -exec rm -rf {} +
