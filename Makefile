# Each target sets up what it needs: see scripts/setup.py.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test contract lint bench drift mixed status calendar month docs clean setup fax-queue outages reports fax-loopback million letters

help:
	@echo "make demo   a whole day in the simulated world: file, portals, ledger, report"
	@echo "make test   style, types and all tests"
	@echo "make contract  every contract test over every skin of every portal (make test runs a share over the other skins)"
	@echo "make lint   style and types only"
	@echo "make bench  speed and memory, measured side by side"
	@echo "make mixed  one file of 300 requests over all portals, unattended in one run"
	@echo "make status what a look at a thousand open cases costs the portals"
	@echo "make fax-queue  10,000 faxes over a service that is killed again and again (ARGS=--write: docs/fax-queue.md)"
	@echo "make outages  thousands of requests through portals' outages; writes docs/outages.md (ARGS=\"--browser 200\": also in the browser)"
	@echo "make million  a ledger of a million rows against the payers' readings, with planted errors of every kind"
	@echo "make drift  thousands of changed pages and whole flows over them; writes docs/drift.md"
	@echo "make calendar  every US time zone, 2026 to 2046, minute by minute against a second calendar"
	@echo "make month  a simulated month of the unattended service, by a moved clock"
	@echo "make reports  how long the report of 100,000 requests takes; writes the figures into docs/report.md"
	@echo "make fax-loopback  twenty packets over two soft modems and back; writes docs/fax-loopback.md (half an hour)"
	@echo "make letters  2,000 faxed letters read and matched (hours; goes on where it stopped); writes docs/letters.md"
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
	@$(BIN)/python scripts/programs.py mail fax ocr systemd
	@# Two soft modems keep time by the clock: nothing runs beside them.
	$(BIN)/pytest tests/fax_lines/test_hylafax_line.py
	$(BIN)/pytest -n 3 --dist worksteal --durations=30 --ignore=tests/fax_lines/test_hylafax_line.py $(ARGS)

reports: setup
	@$(BIN)/python tests/books/report_time.py $(ARGS)

bench: setup
	@$(BIN)/python tests/bench/run.py $(ARGS)

contract: setup
	@$(BIN)/python scripts/programs.py mail
	PRIORBOT_ALL_SKINS=1 $(BIN)/pytest -n 3 --dist worksteal tests/contract $(ARGS)

drift: setup
	@$(BIN)/python tests/drift/run.py $(ARGS)

mixed: setup
	@$(BIN)/python tests/mixed/run.py $(ARGS)

letters: setup
	@$(BIN)/python scripts/programs.py ocr
	@$(BIN)/python tests/letters/run.py $(ARGS)

status: setup
	@$(BIN)/python tests/status/run.py $(ARGS)

calendar: setup
	@$(BIN)/python tests/service/run_calendar.py $(ARGS)

month: setup
	@$(BIN)/python tests/month/run.py $(ARGS)

fax-queue: setup
	@$(BIN)/python tests/fax_queue/run.py $(ARGS)

outages: setup
	@$(BIN)/python tests/outages/run.py $(ARGS)

fax-loopback: setup
	@$(BIN)/python scripts/programs.py fax
	@$(BIN)/python tests/fax_loopback/run.py --write $(ARGS)

million: setup
	@$(BIN)/python tests/books_million/run.py $(ARGS)

docs: setup
	@$(BIN)/python scripts/docs.py

clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis dist bench-out demo-home
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
