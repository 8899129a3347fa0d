# One command each. Everything is installed into .venv from requirements.lock, hashes checked.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin
PYTEST_ARGS ?=
.DEFAULT_GOAL := help
.PHONY: help install run smoke test check format messages bench stress lock clean

help: ## what each command does
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

install: ## make .venv from the lock file
	@$(PYTHON) tracker/bootstrap.py

run: ## start everything on this machine; PORT=8000, DATA_DIR=var
	@$(PYTHON) tracker/bootstrap.py run
	@exec $(BIN)/python -m tracker.up

smoke: ## start everything once in a new directory, wait until it is ready, stop
	@$(PYTHON) tracker/bootstrap.py run
	@home=$$(mktemp -d) && chmod 711 $$home && trap 'rm -rf '$$home EXIT && \
	  port=$$($(BIN)/python -c "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])") && \
	  DATA_DIR=$$home/data PORT=$$port $(BIN)/python -m tracker.up --try

test: install ## all tests, on a private PostgreSQL, a real broker and real workers
	@$(BIN)/python -m pytest -n 2 --dist loadgroup $(PYTEST_ARGS)

check: install ## format, lint, types, imports, migrations, deploy settings, templates, container files
	@$(BIN)/python tracker/checks.py

format: install ## put the code into the house form
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

messages: install ## collect texts for translation and compile them (needs gettext); see CONTRIBUTING.md
	@$(BIN)/python manage.py makemessages -l fr -l ar -i .venv -i tests -i var --add-location file --no-obsolete --no-wrap
	@$(BIN)/python manage.py compilemessages -v 0 -i .venv

bench: install ## measured figures, as a table and as bench-results.json
	@$(BIN)/python -m tests.bench.run

stress: install ## the tables of bad input with their full counts (an hour or more); lines in stress-results.jsonl
	@STRESS=1 HOSTILE=all STRESS_RESULTS=$${STRESS_RESULTS:-$(CURDIR)/stress-results.jsonl} $(BIN)/python -m pytest -q \
	  tests/test_b2_always_500.py tests/entry/test_b3_mutations.py tests/entry/test_b7_uploads.py \
	  tests/entry/test_import_hostile.py tests/entry/test_import_speed_rules.py tests/test_hostile.py $(PYTEST_ARGS)

UV_COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header --quiet
lock: ## renew the lock files after a change in pyproject.toml (needs uv)
	$(UV_COMPILE) --extra embedded --extra dev -o requirements.lock
	$(UV_COMPILE) --extra embedded --constraints requirements.lock -o requirements-run.lock
	$(UV_COMPILE) --constraints requirements.lock -o requirements-prod.lock

clean: ## remove .venv and caches; keeps var/, where the records are
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
