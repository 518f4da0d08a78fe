# Each target sets up what it needs: see scripts/setup.py.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test contract lint bench drift mixed status docs clean setup

help:
	@echo "make demo   a whole day in the simulated world: file, portals, ledger, report"
	@echo "make test   style, types and all tests"
	@echo "make contract  every contract test over every skin of every portal (make test runs a share over the other skins)"
	@echo "make lint   style and types only"
	@echo "make bench  speed and memory, measured side by side"
	@echo "make mixed  one file of 300 requests over all portals, unattended in one run"
	@echo "make status what a look at a thousand open cases costs the portals"
	@echo "make drift  thousands of changed pages and whole flows over them; writes docs/drift.md"
	@echo "make docs   writes docs/configuration.md anew from jobs/config.py"
	@echo "make clean  removes what the other targets made"

setup:
	@$(PYTHON) scripts/setup.py

demo: setup
	@$(BIN)/priorbot demo

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	@$(BIN)/python scripts/mail_server.py
	$(BIN)/pytest -n 3 --dist worksteal $(ARGS)

bench: setup
	@$(BIN)/python tests/bench/run.py $(ARGS)

contract: setup
	@$(BIN)/python scripts/mail_server.py
	PRIORBOT_ALL_SKINS=1 $(BIN)/pytest -n 3 --dist worksteal tests/contract $(ARGS)

drift: setup
	@$(BIN)/python tests/drift/run.py $(ARGS)

mixed: setup
	@$(BIN)/python tests/mixed/run.py $(ARGS)

status: setup
	@$(BIN)/python tests/status/run.py $(ARGS)

docs: setup
	@$(BIN)/python scripts/docs.py

clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis dist bench-out demo-home
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
