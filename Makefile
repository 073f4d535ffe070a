# Everything below runs in the project's own .venv, made from the lock file.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
export PORT

.DEFAULT_GOAL := help
.PHONY: help bundle demo demo-reset test test-postgresql check-hard check-machines soak mutation lint fmt messages bench bench-bookings bench-million audit lock sbom screenshots

help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(BIN)/.portal: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python >= 3.11 is needed: make PYTHON=python3.12 ..."; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@printf '#!/bin/sh\nPYTHONPATH="%s" exec "%s/python" -m portal "$$@"\n' "$(CURDIR)" "$(CURDIR)/$(BIN)" > $(BIN)/portal && chmod +x $(BIN)/portal
	@touch $@

$(BIN)/.dev: requirements-dev.lock $(BIN)/.portal
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(BIN)/.portal ## Start the demo at http://127.0.0.1:$PORT (8000); data in $PORTAL_DATA (var/demo)
	@exec $(BIN)/python -m portal demo run

demo-reset: $(BIN)/.portal ## Throw the demo's data away
	@$(BIN)/python -m portal demo reset

# The tests' databases are real files that wait for the disk at every commit; in memory they need not.
RAM := $(shell [ -w /dev/shm ] && [ "$$(df -Pk /dev/shm 2>/dev/null | awk 'NR==2{print $$4}')" -gt 3000000 ] 2>/dev/null && echo TMPDIR=/dev/shm)

# A third process uses what the others wait for (browsers, servers, locks), where there is memory for it.
WORKERS := $(shell awk '/MemAvailable/{print ($$2 > 8000000) ? 3 : 2}' /proc/meminfo 2>/dev/null || echo 2)

SUITE = $(RAM) $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup

# What a browser shows is judged on SQLite here; test-postgresql opens it on the other database as well.
test: $(BIN)/.dev ## Run the tests on SQLite, in a real browser too, then those that ask a database on PostgreSQL
	$(SUITE) -m "not hard"
	$(SUITE) -m "not hard and not browser" --postgresql --after-sqlite --at-least 1800

test-postgresql: $(BIN)/.dev ## Run all of it on the private PostgreSQL: the browser and the long tests too (takes long)
	$(SUITE) -m "not hard" --postgresql
	$(SUITE) -m hard --postgresql --ignore tests/machines/test_soak.py

check-hard: $(BIN)/.dev ## Run the long tests: kill -9, machines lost, every route, plugin folders removed
	$(SUITE) -m hard --ignore tests/machines/test_soak.py

check-machines: $(BIN)/.dev ## Kill machines while people pay, try the faults of databases, disks, clocks, channels
	$(RAM) $(BIN)/python -m pytest -q -s -m machines --ignore tests/machines/test_soak.py

soak: $(BIN)/.dev ## Send 20,000 requests; memory stays within 10 %
	$(RAM) PORTAL_SOAK=20000 $(BIN)/python -m pytest -q -s -m hard tests/machines/test_soak.py

$(BIN)/.mutation: requirements-mutation.lock $(BIN)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-mutation.lock
	@touch $@

mutation: $(BIN)/.mutation ## Plant faults into ledger, payments, permissions and scope (an hour); docs/mutation.md
	$(RAM) $(BIN)/python -m tests.mutation
	$(BIN)/python -m tests.mutation --report

lint: $(BIN)/.dev ## Check style, types and templates
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/djlint --lint templates plugins

fmt: $(BIN)/.dev ## Format the code
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

messages: $(BIN)/.portal ## Take new strings into the English catalogues; fails while words are missing
	$(BIN)/python -m portal catalogue update

bench: $(BIN)/.dev ## Measure pages against a bare reply on the same server, then rooms and bookings as bench-bookings
	@status=0; $(BIN)/python -m bench || status=1; $(BIN)/python -m bench.bookings || status=1; exit $$status

bench-bookings: $(BIN)/.dev ## Measure rooms and bookings at 1,000 and at 100,000 bookings, on both databases
	$(BIN)/python -m bench.bookings

bench-million: $(BIN)/.dev ## Measure pages at 10,000 and at a million members, on both databases (takes long)
	$(BIN)/python -m bench.million

screenshots: $(BIN)/.dev ## Make the pictures of the README anew
	$(BIN)/python docs/screenshots.py

bundle: $(BIN)/.portal ## Make dist/portal-VERSION.tar for machines without internet
	$(BIN)/python deploy/bundle.py

sbom: $(BIN)/.portal ## Write the bill of materials, dist/portal-VERSION.cdx.json
	$(BIN)/python deploy/sbom.py

audit: $(BIN)/.dev ## Hold the lock files against lists of known faults (network, or ADVISORIES=PATH)
	$(BIN)/python deploy/audit.py $(if $(ADVISORIES),--advisories "$(ADVISORIES)")

lock: ## Resolve the lock files anew (needs uv)
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header pyproject.toml -o requirements.lock
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --extra dev pyproject.toml -o requirements-dev.lock
	uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --extra dev --extra mutation -c requirements-dev.lock pyproject.toml -o requirements-mutation.lock
