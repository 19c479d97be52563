# Two commands do all the set-up: `make demo`, then `make test`.
PYTHON ?= python3
BIN := .venv/bin
PEOPLE ?= 20000

.DEFAULT_GOAL := help
.PHONY: help demo test suite bench bench-scorecard bench-features bench-serving lint notebooks lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# requirements.lock pins everything; --no-deps installs it and nothing else. pip compiles modules
# one after the other: compileall does it on all cores, and leaves out the packages' own tests.
# What does not compile is a template, or of another Python.
.venv/installed: requirements.lock pyproject.toml
	@echo "creating .venv (a few minutes the first time)"
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --no-deps --no-compile --requirement requirements.lock
	@PYTHONWARNINGS=ignore $(BIN)/python -m compileall -qq -j 0 -x '/tests?/' .venv/lib || true
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch .venv/installed

demo: .venv/installed ## generate a population, train, explain, track, export, write the report
	$(BIN)/credit train pipelines/weilidai.toml --people $(PEOPLE)

# Two at a time, in this order: lint and then the notebooks run while the suite waits for
# processes, files and its longest test.
test: .venv/installed ## lint, types, arrows, tests and notebooks
	$(MAKE) --no-print-directory --jobs 2 suite lint notebooks

suite: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 15

lint: .venv/installed ## ruff, mypy --strict, the arrows between rooms, declared dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy credit
	$(BIN)/lint-imports
	$(BIN)/deptry credit

notebooks: .venv/installed ## execute every notebook from top to bottom
	OMP_NUM_THREADS=1 $(BIN)/python tests/execute_notebooks.py

bench: .venv/installed ## speed, memory and accuracy tables (slow; see benchmarks/README.md)
	$(BIN)/python -m benchmarks.run

# The peers' pins would move ours, so they live apart; nothing but the benchmark uses them.
.venv-bench/installed: benchmarks/requirements-peers.lock
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --no-deps --requirement benchmarks/requirements-peers.lock
	@touch .venv-bench/installed

bench-scorecard: .venv/installed .venv-bench/installed ## cards against OptBinning, toad and hscredit (slow)
	$(BIN)/python -m benchmarks.scorecard_peers

# Featuretools needs an older pandas than everybody else, so it lives by itself.
.venv-featuretools/installed: benchmarks/requirements-featuretools.lock
	$(PYTHON) -m venv .venv-featuretools
	.venv-featuretools/bin/pip install --quiet --no-deps --requirement benchmarks/requirements-featuretools.lock
	@touch .venv-featuretools/installed

bench-features: .venv/installed .venv-bench/installed .venv-featuretools/installed ## features against SQL by hand, Polars, pandas, Ibis (slow)
	$(BIN)/python -m benchmarks.features_peers
	$(BIN)/python -m benchmarks.features_large
	$(BIN)/python -m benchmarks.fraud_indicators

bench-serving: .venv/installed ## one row, batches, exports and HTTP (slow; wants a quiet machine)
	$(BIN)/python -m benchmarks.serving
	$(BIN)/python -m benchmarks.exports
	$(BIN)/python -m benchmarks.http

lock: .venv/installed ## resolve requirements.lock again from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra notebooks --extra spark --group dev --python-version 3.11 \
		--no-emit-package nvidia-nccl-cu12 --no-annotate --no-header --no-emit-index-url --upgrade \
		--output-file requirements.lock

clean: ## remove generated data, runs and caches
	rm -rf data/world data/runs runs mlruns/mlflow.db mlruns/artifacts mlruns/optuna.journal .cache
