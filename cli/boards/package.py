"""What `verilog --output-dir` writes: a module with all that one needs to use it."""

from pathlib import Path

from fp8mac.cli.options import progress_bar, write_files
from fp8mac.gen.describe import module_name
from fp8mac.gen.files import check_folder
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.cost.measure import Design

__all__ = ["write_package"]

_COUNTS = ("two_input_gates", "inverters", "flip_flops", "levels")


def write_package(config: MacConfig, shape: Shape, goal: Goal, folder: Path, command: str) -> None:
    """Write the files of `fp8mac.gen.package.package` into a folder, all or none.

    Units for FPGAs are not counted in gates.
    """
    check_folder(folder, f"*{module_name(config, shape, goal=goal)}*")
    cost = {}
    with progress_bar() as bar:
        bar.add_task(config.slug, total=None)
        if not goal.is_fpga:
            design = Design(config, shape, goal)
            metrics = make_bench().measure([design])[design].synthesis.metrics
            cost = {name: getattr(metrics, name) for name in _COUNTS}
        from fp8mac.gen.package import package

        files = package.package_contents(config, shape, goal=goal, command=command, cost=cost)
    write_files({folder / name: text for name, text in files.items()})
