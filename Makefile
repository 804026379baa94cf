# Satukota: the two commands that matter are `make run` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PY := .venv/bin/python
SETUP := $(PYTHON) -m scripts.bootstrap
PYTEST := $(PY) -m pytest
# What a run on another database would only repeat; so would tests marked one_database.
NO_DATABASE := tests/field tests/rules tests/setup
# One process per core; a file stays in one process, so what its tests share is made once. Slow files begin first.
CORES := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
ifdef PORT
export SATUKOTA_PORT := $(PORT)
endif
.DEFAULT_GOAL := help

##@ The two commands
run: setup ## Set everything up and open the sample city (PORT=8010 for another port); Ctrl-C ends it
	@SATUKOTA_SAMPLE=$${SATUKOTA_SAMPLE:-1} exec .venv/bin/satukota run

test: dev ## All tests: on SQLite, in a browser, on a PostgreSQL of its own
	@$(SETUP) chromium
	@$(PY) -m scripts.all_tests $(if $(ARGS),ARGS="$(ARGS)")

##@ Set-up
setup: python-there ## Virtual environment, front-end files, database, sample city; skips what is unchanged
	@$(SETUP) run

dev: python-there ## What tests, linters and benchmarks need, too: dev lock and a Chromium
	@$(SETUP) dev

python-there:
	@[ -n "$(PYTHON)" ] || { echo "Satukota needs Python 3.11 or newer. Install it, then: make run" >&2; exit 1; }

##@ Tests, one half at a time
test-sqlite: dev ## Everything but the browser journeys, on SQLite
	$(PYTEST) -m "not journey" $(CORES) $(ARGS)

test-browser: dev ## The journeys in a real browser
	@$(SETUP) chromium
	$(PYTEST) -m journey $(ARGS)

test-pg: dev ## Everything that touches a database, on a PostgreSQL started for it
	$(PY) -m satukota.project.postgres -- $(PYTEST) -m "not journey and not one_database" $(CORES) \
		$(NO_DATABASE:%=--ignore=%) $(ARGS)

chaos: dev ## Kill every part of a running city with -9, 300 times per database; count what was lost (ARGS="--kills 50")
	$(PY) -m tests.chaos.run $(ARGS)

##@ Before a commit
check: lint types layers quick ## Lint, types, layers and the quick tests

lint: dev ## Style and likely mistakes, with a fixed line length
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: dev ## Type check
	.venv/bin/mypy

layers: dev ## Who may import whom
	.venv/bin/lint-imports

quick: dev
	$(PYTEST) -m "not journey and not slow" -q $(ARGS)

##@ Measures, pictures, documents
bench: dev ## Run every benchmark; writes the table in benchmarks/README.md
	$(PY) -m scripts.bench_all $(ARGS)

bench-%: dev ## Run one, as bench-probe: one JSON line, exit code 1 when its budget is missed
	$(PY) benchmarks/bench_$(subst -,_,$*).py $(ARGS)

screenshots: dev ## Make the pictures of the docs anew, from a running sample city
	@$(SETUP) run
	@$(SETUP) chromium
	$(PY) -m scripts.screenshots

docs: dev ## Check the documents: links, the list of settings, tracked paths
	$(PYTEST) -q tests/architecture -k "documented or link or paths"

##@ Upkeep
lock: dev ## Resolve the locks of requirements/ and the package locks again
	@$(PYTHON) -m scripts.locks

licences: setup ## Licences of all packages, into docs/security/dependencies.md; fails on one not allowed
	@$(PY) -m scripts.licences

messages: dev ## Collect texts for translation into src/satukota/locale
	@$(PY) -m scripts.messages

clean: ## Remove what set-up made, except var/ (the city's data)
	rm -rf .venv node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist

help:
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z%-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run test setup dev python-there test-sqlite test-browser test-pg check lint types layers quick chaos bench \
	screenshots docs lock licences messages clean help
.NOTPARALLEL:
