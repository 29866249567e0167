# Each target works on its own on a fresh machine that has git, make and Python 3.10.
PYTHON ?= $(shell command -v python3.10 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.made-from-lock
INTEGRATIONS := $(patsubst %/pyproject.toml,%,$(wildcard integrations/*/pyproject.toml))
OURS := zencache-pipelines $(patsubst integrations/%,zencache-pipelines-%,$(INTEGRATIONS))
# What an older environment has them installed as.
FORMER := zencache $(patsubst integrations/%,zencache-%,$(INTEGRATIONS))
LOCK := uv pip compile --quiet --universal --generate-hashes --all-extras --group dev \
	--python-version 3.10 $(addprefix --no-emit-package ,$(OURS)) --no-header --no-annotate pyproject.toml

.PHONY: setup mnist test test-fast test-cov test-clock check format lock bench bench-setup bench-peers bench-truth clean
.DEFAULT_GOAL := mnist

setup: $(STAMP)  ## .venv with everything: all extras, all integrations editable, the developers' tools

$(STAMP): requirements.lock pyproject.toml $(addsuffix /pyproject.toml,$(INTEGRATIONS))
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip uninstall --quiet --python $(BIN)/python $(FORMER) 2> /dev/null || true
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e . $(addprefix -e ./,$(INTEGRATIONS))
	@touch $@

mnist: setup  ## the main job: two runs of the MNIST pipeline, the second reuses what it can
	$(BIN)/python examples/mnist/run.py

# Most tests wait for a process of theirs now and then: one worker more than there are cores keeps all cores busy.
WORKERS ?= $(shell expr $$(nproc) + 1)
PARALLEL := -n $(WORKERS) --dist worksteal

test: setup  ## all tests, in parallel; WORKERS=0 runs them in one process
	$(BIN)/python -m pytest $(PARALLEL)

test-fast: setup  ## the unit tests that need no TFX
	$(BIN)/python -m pytest $(PARALLEL) -m "not tfx and not slow"

test-cov: setup  ## all tests, and what share of zencache's lines they run, processes of tests included
	$(BIN)/python -m pytest $(PARALLEL) --cov --cov-report term:skip-covered

AHEAD ?= +1y
BACK ?= -3y
UNDER_CLOCK = FAKETIME_DONT_FAKE_MONOTONIC=1 faketime -f "$(1)" $(BIN)/python -m pytest -p no:cacheprovider
test-clock: setup  ## the tests that need no TFX under a clock ahead and one of years back; those of commands, gc and faults ahead
	@command -v faketime > /dev/null || { echo "faketime is not installed: apt-get install faketime"; exit 1; }
	$(call UNDER_CLOCK,$(AHEAD)) -m "not tfx and not slow and not file_times"
	$(call UNDER_CLOCK,$(AHEAD)) -m "tfx and not slow and not file_times" \
		tests/cli tests/maintenance tests/faults tests/migration tests/stores/test_metadata_stores.py
	$(call UNDER_CLOCK,$(BACK)) -m "not tfx and not slow and not file_times"

check: setup  ## style, types, layers, plain English, and the lock file being current
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_prose.py
	@cp requirements.lock $(VENV)/requirements.lock
	$(BIN)/$(LOCK) -o $(VENV)/requirements.lock
	diff requirements.lock $(VENV)/requirements.lock

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: setup  ## make requirements.lock again after a change of dependencies
	$(BIN)/$(LOCK) -o requirements.lock

bench: setup  ## what was promised, measured, as a table (a quarter of an hour); then the parts, by pytest-benchmark
	$(BIN)/python -m benchmarks.goals
	$(BIN)/python -m pytest benchmarks --benchmark-only

bench-setup: setup  ## an environment of its own for each library that bench-peers runs
	$(BIN)/python -m benchmarks.peers.setup

bench-peers: bench-setup  ## the same pipelines on other libraries, in turns with ours (half an hour); writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks.peers.run

bench-truth: setup  ## the probes of tests/cache_truth on other libraries, each in an environment of its own (half an hour)
	$(BIN)/python -m benchmarks.truth.run

clean:
	rm -rf $(VENV) .zencache
