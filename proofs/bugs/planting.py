"""Building a circuit with a bug planted in its source.

The changed circuit is built by another Python from a copy of the sources, so that nothing of it is
left behind.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import fp8mac.hw
from fp8mac.gen.describe import module_name, stream_name
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built, Goal, Structure, structures_of
from fp8mac.hw.config.unit import MacConfig, parse_line, parse_unit

__all__ = ["Mutation", "MutationError", "mutated_rtlil", "mutated_stream", "parse_unit_text"]


class MutationError(Error, RuntimeError):
    """A mutation that cannot be planted."""


def parse_unit_text(text: str) -> MacConfig:
    """Read a unit in one string: ``a,accumulator`` or ``a,b,accumulator``, or its line.

    Raises
    ------
    ConfigError, FormatError
        If there is no such unit.

    Examples
    --------
    >>> parse_unit_text("e4m3,e5m2,fp16").slug
    'mac_e4m3_e5m2_fp16'
    """
    if "->" in text:
        return parse_line(text)
    parts = text.split(",")
    if len(parts) not in (2, 3):
        raise ConfigError(f"'{text}' is not a unit; write FORMAT,ACC or FORMAT,FORMAT_B,ACC.")
    return parse_unit(parts[0], parts[1] if len(parts) == 3 else None, acc=parts[-1])


@dataclass(frozen=True)
class Mutation:
    """One change of one source file.

    Parameters
    ----------
    name : str
        Unique; what the bug is.
    part : str
        What it hits, as a designer would say.
    module : str
        Module of ``fp8mac.hw``.
    old, new : str
        Text that occurs exactly once in the module, and what replaces it.
    units : tuple of str
        Units, for `parse_unit_text`, on which it must be refuted.
    applies : callable
        Whether the changed text has a part in what a unit computes. A mutation may be equivalent
        on a unit nevertheless; that then has to be proved.
    registered : bool
        Whether only the registered unit has the bug, and not its combinational core.
    goals : tuple of Goal
        Goals whose circuits have the changed text.
    structures : callable, optional
        Which structures beside the two of the goals have it.
    """

    name: str
    part: str
    module: str
    old: str
    new: str
    units: tuple[str, ...]
    applies: Callable[[MacConfig], bool] = field(compare=False, repr=False)
    registered: bool = False
    goals: tuple[Goal, ...] = (Goal.AREA,)
    structures: Callable[[Structure], bool] | None = field(default=None, compare=False, repr=False)

    def built(self, config: MacConfig) -> Built:
        """A way to build a unit in which the circuit has the changed text."""
        if self.goals:
            return self.goals[0]
        assert self.structures is not None
        return next(filter(self.structures, structures_of(config)))


_BUILD = """\
import sys
from pathlib import Path
from amaranth.back import rtlil
from fp8mac.hw.units import mac, stream
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import parse_built
from fp8mac.hw.config.unit import parse_line
assert Path.cwd() in Path(mac.__file__).resolve().parents, mac.__file__
line, name, shape, goal = sys.argv[1:]
config = parse_line(line)
kind = stream.StreamMac if shape == "stream" else mac.COMPONENTS[Shape(shape)]
component = kind(config, parse_built(goal, config))
print(rtlil.convert(component, name=name, emit_src=False))
"""


def mutated_rtlil(
    config: MacConfig, shape: Shape, mutation: Mutation, *, goal: Built = Goal.AREA
) -> str:
    """RTLIL of a unit, or of its combinational core, with a bug planted.

    Raises
    ------
    MutationError
        If the text to replace does not occur exactly once, or the changed sources do not run.
    """
    return _built(config, mutation, module_name(config, shape, goal=goal), shape.value, goal)


def mutated_stream(config: MacConfig, mutation: Mutation, *, goal: Built = Goal.AREA) -> str:
    """RTLIL of a unit between two streams with a bug planted.

    Raises
    ------
    MutationError
        As for `mutated_rtlil`.
    """
    return _built(config, mutation, stream_name(config, goal=goal), "stream", goal)


def _built(config: MacConfig, mutation: Mutation, name: str, shape: str, goal: Built) -> str:
    """RTLIL of what a changed source builds."""
    sources = Path(str(fp8mac.hw.__file__)).parent
    with tempfile.TemporaryDirectory(prefix="fp8mac-") as folder:
        root = Path(folder).resolve()
        copy = root / "fp8mac" / "hw"
        shutil.copytree(sources, copy, ignore=shutil.ignore_patterns("__pycache__"))
        changed = copy.joinpath(*mutation.module.split(".")).with_suffix(".py")
        text = changed.read_text(encoding="utf-8")
        if (count := text.count(mutation.old)) != 1:
            raise MutationError(
                f"Mutation '{mutation.name}': '{mutation.old}' occurs {count} times in "
                f"fp8mac.hw.{mutation.module}, not once."
            )
        changed.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
        child = subprocess.run(
            [
                sys.executable,
                "-c",
                _BUILD,
                config.text,
                name,
                shape,
                goal.value,
            ],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    if child.returncode:
        reason = child.stderr.strip().splitlines() or [f"exit code {child.returncode}"]
        raise MutationError(f"Mutation '{mutation.name}' does not build: {reason[-1]}")
    return child.stdout
