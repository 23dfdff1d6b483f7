# Weir's commands. `make` alone lists them.

# One of these is taken, the first that is 3.11 or newer and can make a virtual environment.
# A version manager's shim may exist and still fail, so each is run, not just looked for.
PYTHON ?=
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)
VENV := .venv
BENCH_VENV := .venv-bench
LOCK_VENV := .venv-lock
UV_VERSION := 0.13.9

# A virtual environment fits when it was made here, from these files.
checksum = $(shell { echo "$(CURDIR)"; cat pyproject.toml $(1) 2>/dev/null; } | cksum | cut -d ' ' -f 1)
STAMP := $(VENV)/installed-$(call checksum,requirements.lock)
BENCH_STAMP := $(BENCH_VENV)/installed-$(call checksum,requirements-bench.lock)

# Sets $$python, or ends with one sentence. Newer Pythons than 3.13 are taken only as `python3`.
define find_python
python=; unfit=; \
for candidate in $(PYTHONS); do \
  if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
  then python=$$candidate; break; fi; \
  if [ -z "$$unfit" ] && "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
  then unfit=$$candidate; fi; \
done; \
if [ -z "$$python" ] && [ -n "$$unfit" ]; then \
  echo "weir: $$unfit cannot make a virtual environment; install its venv module (on Debian or Ubuntu: apt-get install python3-venv) and run make again." >&2; exit 1; \
elif [ -z "$$python" ]; then \
  echo "weir: needs Python 3.11 or newer and found none (tried: $(PYTHONS)); install one, or name it with: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python3" >&2; exit 1; \
fi
endef

# Makes virtual environment $(1) from lock $(2) with stamp $(3), unless it is there already.
define install
@if [ -e $(3) ] && have=$$($(1)/bin/python --version 2>/dev/null) \
  && { [ -z "$(PYTHON)" ] || [ "$$("$(PYTHON)" --version 2>/dev/null)" = "$$have" ]; }; then \
  echo "weir: $(1) matches $(2), nothing to install."; exit 0; \
fi; \
$(find_python); \
echo "weir: making $(1) with $$("$$python" --version) and the packages of $(2); about a minute the first time."; \
rm -rf $(1) && "$$python" -m venv $(1) \
|| { echo "weir: could not make $(1); see the lines above." >&2; exit 1; }; \
$(1)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(2) \
&& $(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . \
|| { echo "weir: pip could not install $(2); see its lines above. Is the package index within reach? On a platform without ready wheels (Python 3.14 or newer, say) a C and C++ compiler is needed too." >&2; exit 1; }; \
touch $(3); \
echo "weir: $(1) is ready."
endef

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint coverage kafka bench lock clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv from requirements.lock; does nothing when it is there
	$(call install,$(VENV),requirements.lock,$(STAMP))

demo: setup ## watch Weir find a pivoting campaign, on a broker of its own (ARGS="--seconds 60")
	@$(VENV)/bin/weir demo $(ARGS)

test: setup ## run every test (ARGS="-k pivot"); those for a real Kafka say so when they cannot run
	@$(VENV)/bin/python -m pytest -q -rs -n auto $(ARGS)

lint: setup ## ruff and mypy
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

coverage: setup ## run the tests and show what they do not reach
	@$(VENV)/bin/coverage run -m pytest -q $(ARGS)
	@$(VENV)/bin/coverage report

kafka: setup ## run a real Apache Kafka on localhost:9092 until Ctrl-C (needs Java and Maven, no container)
	@$(VENV)/bin/python -m deploy.kafka $(ARGS)

# Bytewax has no wheels for Python 3.13.
bench: PYTHONS := $(or $(PYTHON),python3.12 python3.11 python3)
bench: ## measure Weir beside a plain Faust agent, aiokafka, Bytewax and Quix Streams on a real Kafka
	$(call install,$(BENCH_VENV),requirements-bench.lock,$(BENCH_STAMP))
	@$(BENCH_VENV)/bin/python -m tests.bench.speed $(ARGS)

lock: ## pin the packages anew after pyproject.toml changed (ARGS=--upgrade for newer versions)
	@$(find_python); \
	[ -x $(LOCK_VENV)/bin/uv ] || { "$$python" -m venv $(LOCK_VENV) && $(LOCK_VENV)/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); } \
	|| { echo "weir: could not install uv, which makes the lock files; is the package index within reach?" >&2; exit 1; }
	@compile="$(LOCK_VENV)/bin/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml $(ARGS)"; \
	echo "weir: pinning requirements.lock, deploy/requirements.lock and requirements-bench.lock." && \
	$$compile --extra dev --extra plots --output-file requirements.lock && \
	$$compile --constraint requirements.lock --output-file deploy/requirements.lock && \
	grep -v '^confluent-kafka==' deploy/requirements.lock | grep -E '^[a-z].*==' | sed 's/ *\\$$//' > $(LOCK_VENV)/shared && \
	$$compile --extra bench --constraint $(LOCK_VENV)/shared --output-file requirements-bench.lock

clean: ## remove what these commands made
	rm -rf $(VENV) $(BENCH_VENV) $(LOCK_VENV) build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find detectors stream deploy tests -type d -name __pycache__ -prune -exec rm -rf {} +
