"""The experiments that there are: each has a command of its name."""

from typing import Any

from fp8mac.synth_reports.experiments.arrays.experiment import Arrays
from fp8mac.synth_reports.experiments.bounds import BoundTables
from fp8mac.synth_reports.experiments.differences.experiment import UnitDifferences
from fp8mac.synth_reports.experiments.dots.experiment import Dots
from fp8mac.synth_reports.experiments.energy import Energy
from fp8mac.synth_reports.experiments.experiment import Experiment
from fp8mac.synth_reports.experiments.features import Features
from fp8mac.synth_reports.experiments.figure3.experiment import Figure3
from fp8mac.synth_reports.experiments.figure5.experiment import Figure5
from fp8mac.synth_reports.experiments.fpga.clocks import Clocks
from fp8mac.synth_reports.experiments.fpga.counts import Counts
from fp8mac.synth_reports.experiments.grid import Grid
from fp8mac.synth_reports.experiments.layout.experiment import Layouts
from fp8mac.synth_reports.experiments.pareto.experiment import Pareto
from fp8mac.synth_reports.experiments.peers.experiment import Peers
from fp8mac.synth_reports.experiments.ratios.experiment import Ratios
from fp8mac.synth_reports.experiments.regression import Regression
from fp8mac.synth_reports.experiments.silicon.experiment import Silicon
from fp8mac.synth_reports.experiments.sta import Sta
from fp8mac.synth_reports.experiments.sum_error.experiment import SumError
from fp8mac.synth_reports.experiments.training.experiment import Training
from fp8mac.synth_reports.experiments.window.experiment import Windows

__all__ = ["EXPERIMENTS"]

EXPERIMENTS: tuple[Experiment[Any, Any, Any], ...] = (
    Grid(),
    Features(),
    Energy(),
    Figure3(),
    Peers(),
    Figure5(),
    SumError(),
    Training(),
    Windows(),
    Pareto(),
    Regression(),
    Sta(),
    Counts(),
    Clocks(),
    Layouts(),
    UnitDifferences(),
    Dots(),
    Arrays(),
    Silicon(),
    BoundTables(),
    Ratios(),
)
"""In the order of the help. What takes long to import, an experiment imports where it needs it."""
