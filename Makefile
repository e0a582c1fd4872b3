# Everything from a bare machine: python3 >= 3.11 and make. Paths stay relative, for make cannot hold a path with spaces.
PYTHON ?= python3

.PHONY: help setup run picture pictures test test-uncached bench golden replay-gate lint mutants clean

help:
	@echo 'make setup   fetch everything into .venv'
	@echo 'make run     the whole system with the demonstration, until Ctrl-C'
	@echo 'make picture the board of the demonstration that is running, for the README'
	@echo 'make pictures  inbox, case, board and replay of the console, for the README'
	@echo 'make test    all tests'
	@echo 'make test-uncached  of these, the flows with no case kept in memory'
	@echo 'make coverage  that every branch of lifecycle, working time, evidence and codec is tried'
	@echo 'make bench   the measurements'
	@echo 'make golden  keep what this release writes into the engine, to be replayed by every later one'
	@echo 'make replay-gate  what every release decided, and a sample of the running system, decided again by this code'
	@echo 'make lint    style and types'
	@echo 'make mutants  whether the tests notice small changes of the pure core; goes on where it was ended'
	@echo 'make clean   remove what setup and the tools made; data in var/ stays'

setup:
	@$(PYTHON) deploy/bootstrap.py

run: setup
	@exec .venv/bin/sanzhang up --demo

picture: setup
	.venv/bin/python -m gateway.demo.picture docs/images/board.svg

pictures: setup
	.venv/bin/python -m tests.pages.pictures

# Every flow of a case once more with nothing kept in memory: each step replays the case from its history.
UNCACHED_FLOWS = UNCACHED=1 .venv/bin/pytest -q -n 2 --dist loadfile -m 'not evidence' tests/flow

# The tests of whole processes start up to eight of them each, so they come after the others.
test: setup
	.venv/bin/pytest -q -n 2 --dist loadfile -m 'not system'
	$(UNCACHED_FLOWS)
	.venv/bin/pytest -q -n 2 --dist loadfile -m system

test-uncached: setup
	$(UNCACHED_FLOWS)

# Every branch of the lifecycle, of working time, of the evidence and of the codec, by the tests that name their cases.
COVERING = tests/unit/schemas/petition tests/unit/schemas/evidence tests/unit/schemas/test_worktime.py tests/unit/activities/test_codec.py

.PHONY: coverage
coverage: setup
	.venv/bin/pytest -q -p no:xdist -m 'not hypothesis' --cov --cov-config=tests/coverage.ini --no-cov-on-fail $(COVERING)

bench: setup
	.venv/bin/python -m tests.bench

golden: setup
	.venv/bin/python -m tests.golden.record
	.venv/bin/python -m tests.golden.record_decisions
	.venv/bin/python -m tests.golden.record_events

# Before a release goes out: open cases must be taken on by it, and what was decided must still be what it decides.
replay-gate: setup
	.venv/bin/python -m tests.golden.gate

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports --no-cache --no-logo
	.venv/bin/deptry --no-ansi schemas activities workflows workers gateway
	.venv/bin/pyright

# Outside CI: an hour or so. More with MUTANTS='--sample 300 --seed 2'; what was tried lies in var/mutants.
mutants: setup
	.venv/bin/python -m tests.mutants $(MUTANTS)

clean:
	rm -rf .venv .tools .pytest_cache .hypothesis .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
