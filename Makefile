# Everything a contributor runs. `make` alone says what there is.
#
# Each target sets up what it needs: a virtual environment in .venv, made again
# when pyproject.toml or constraints.txt changes. The tests fetch Apache Kafka
# into .cache by themselves (tests/README.md).

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
PYTEST ?= $(BIN)/pytest

# Programs that some tests need, and the Debian package each comes in.
PROGRAMS := java:default-jre-headless mvn:maven promtool:prometheus chromium:chromium
missing = $(foreach p,$(PROGRAMS),$(if $(shell command -v $(firstword $(subst :, ,$p))),,$(lastword $(subst :, ,$p))))

PROSE := README.md CONTRIBUTING.md CHANGELOG.md docs
CODE := pipeline models schemas benchmarks tests deploy
YAML := docker-compose.yml deploy

say = @printf '\033[1m==> %s\033[0m\n'

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test unit format style lint types programs missing constraints clean distclean

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## simulated surveys through the daemon, without Java or Docker; report in demo-out/
	$(say) 'Demo: embedded broker, simulated surveys, trained networks'
	@$(BIN)/skytriage demo --out demo-out

test: programs style lint types ## everything that must hold: format, lint, types, all tests
	$(say) 'Apache Kafka for the tests, into .cache'
	@$(BIN)/python -m tests.kafka_jars || test "$$CI" != true
	$(say) 'Tests and doctests, two at a time: they wait for brokers half of the time'
	@$(PYTEST) -n 2 --dist worksteal

unit: $(INSTALLED) ## the quick tests: no broker, no daemon, nothing slow
	$(say) 'Quick tests'
	@$(PYTEST) -q -m 'not broker and not e2e and not fault and not slow'

setup: $(INSTALLED) ## only the virtual environment

$(INSTALLED): pyproject.toml constraints.txt
	$(say) 'Setting up .venv with the packages of constraints.txt (some minutes, once)'
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	  echo "skytriage needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is $$($(PYTHON) --version 2>&1):" >&2; \
	  echo "  make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv || { \
	  echo 'no virtual environment (Debian: apt-get install python3-venv)' >&2; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

programs:
	@test -z '$(strip $(missing))' || { \
	  echo 'Not installed: $(strip $(missing)).'; \
	  echo 'Tests that need them are skipped (Debian: apt-get install $(strip $(missing))).'; \
	  test "$$CI" != true || { echo 'With CI=true that is a failure.'; exit 1; }; }

missing: # the Debian packages to install, for .ci/run
	@echo $(missing)

style: $(INSTALLED)
	$(say) 'Format'
	@$(BIN)/ruff format --check --quiet

lint: $(INSTALLED) ## ruff, import contracts, spelling, YAML
	$(say) 'Lint: ruff, imports, spelling, YAML'
	@$(BIN)/ruff check --quiet
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/codespell $(wildcard $(PROSE) $(CODE))
	@$(BIN)/yamllint --strict -d '{extends: default, rules: {line-length: disable, document-start: disable}}' $(YAML)

types: $(INSTALLED) ## mypy --strict
	$(say) 'Types'
	@$(BIN)/mypy --no-error-summary

format: $(INSTALLED) ## let ruff format and fix what it can
	@$(BIN)/ruff check --quiet --fix --exit-zero
	@$(BIN)/ruff format

constraints: ## choose the newest versions that pyproject.toml allows: makes constraints.txt again
	$(say) 'Installing the newest allowed versions into a fresh environment'
	@mkdir -p .cache && rm -rf .cache/fresh && $(PYTHON) -m venv .cache/fresh
	@.cache/fresh/bin/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@.cache/fresh/bin/pip freeze --exclude-editable > .cache/frozen.txt
	@! grep ' @ ' .cache/frozen.txt || { echo 'A local file or a URL is no version.' >&2; exit 1; }
	@grep '^#' constraints.txt | cat - .cache/frozen.txt > .cache/constraints.txt
	@mv .cache/constraints.txt constraints.txt && rm -rf .cache/fresh .cache/frozen.txt

clean: ## remove what the tools left, and the demo's report
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist demo-out
	find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## remove the virtual environment and the fetched Kafka as well
	rm -rf .venv .cache
