SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo run install install-tests test test-fast soak bench check openapi messages lock

PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest

ifndef MAM_SEED
MAM_SEED := $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
endif
export MAM_SEED
SEEDED := --hypothesis-seed=$(MAM_SEED) --durations=10

# Only what was typed: desktops export a LANGUAGE of their own.
typed = $(if $(filter command line,$(origin $(1))),$(2) "$($(1))")
unexport VIDEO LANGUAGE

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: install  ## one recording from a phone to a town hall (VIDEO=file.mp4 LANGUAGE=wo: your own)
	@$(PYTHON) -m demo $(call typed,VIDEO,--video) $(call typed,LANGUAGE,--language)

run: install  ## serve until Ctrl-C: web, workers, beat (PORT=8000)
	@$(PYTHON) manage.py migrate --verbosity 0
	@$(PYTHON) manage.py collectstatic --noinput --verbosity 0
	PATH="$(CURDIR)/.venv/bin:$$PATH" $(PYTHON) -m honcho --env /dev/null start --port $(or $(PORT),8000) || [ $$? -eq 130 ]

install:  ## .venv from the lock file, absent Debian packages, compiled messages
	@tools/install.sh

install-tests:
	@tools/install.sh --tests

test: install-tests  ## everything, with PostgreSQL and Chromium (MAM_SEED, MAM_ROUNDS=5, MAM_MEDIA)
	$(PYTEST) -m "not postgres" $(SEEDED)
	$(PYTHON) -m tools.with_postgres $(PYTEST) -m postgres $(SEEDED)

test-fast: install  ## SQLite, no services, under two minutes
	$(PYTEST) -n 2 -m "not postgres and not browser and not whisper and not slow" --hypothesis-seed=$(MAM_SEED)

soak: export MAM_ROUNDS := $(or $(MAM_ROUNDS),50)
soak: install-tests  ## what repeats (kills, cuts, races), at full numbers (MAM_ROUNDS=50)
	$(PYTEST) -m "slow and not postgres" --timeout=7200 $(SEEDED)
	$(PYTHON) -m tools.with_postgres $(PYTEST) -m postgres --timeout=7200 $(SEEDED)

bench: install  ## measure on this machine
	$(PYTHON) -m bench

# A folder of its own: checks neither need nor touch the service's data.
check openapi: export MAM_VAR := $(CURDIR)/var/check
check: install  ## lint, types, layers, migrations, OpenAPI, translations
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy .
	.venv/bin/lint-imports
	$(PYTHON) manage.py check --fail-level WARNING
	$(PYTHON) manage.py makemigrations --check --dry-run
	$(PYTHON) manage.py spectacular --validate --fail-on-warn --file var/check/openapi.yaml
	diff -u openapi.yaml var/check/openapi.yaml || { echo "openapi.yaml is stale: make openapi"; exit 1; }
	for po in locale/*/LC_MESSAGES/*.po; do msgfmt --check-format --check-domain --output-file=/dev/null "$$po"; done

openapi: install  ## rewrite openapi.yaml
	$(PYTHON) manage.py spectacular --validate --fail-on-warn --file openapi.yaml

messages: install  ## collect the strings to translate into locale/
	$(PYTHON) manage.py makemessages --locale fr --no-location --no-wrap --ignore .venv --ignore var --ignore tests
	sed -i '/^"\(POT-Creation-Date\|Report-Msgid-Bugs-To\)/d' locale/fr/LC_MESSAGES/django.po
	@tools/install.sh

lock:  ## rebuild requirements/*.lock from pyproject.toml
	@tools/lock.sh
