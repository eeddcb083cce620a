"""A specification of a sweep, as a file or as options: a product of choices.

::

    formats = ["int8", "e4m3", "e4m3*e5m2"]     # operands, as in a unit's line
    accumulators = ["kulisch", "fp16"]
    guard_bits = [0, 4]                         # of kulisch accumulators without their own
    windows = [16, 26]                          # of float accumulators
    lanes = [1, 16]
    stages = [1]
    units = ["e4m3 x 32 -> fp32, window 26"]    # beside these, units in one line, or by name
    goals = ["area", "speed"]
    delays = ["20fo4"]                          # beside goals: the smallest unit that fast
    libraries = ["fp8mac"]
    fpgas = ["ice40"]
    networks = ["fmnist", "own.onnx"]
    networks = ["train:digits"]                 # trained on the unit, see `trained`; needs PyTorch
    inputs = "own.npz"                          # data of ONNX models, and their questions' axes
    axes = ""
    questions = 500                             # to each network; all by default
    operands = "recorded"                       # for energy: from the network's layers, or normal
    search = 0.5                                # fewest bits of kulisch, e6m* and windows that lose
                                                # at most so many points: not from a list
    optional = true                             # networks that cannot be run here are left out:
                                                # not fetched, or trained where PyTorch is not

    [[part]]                                    # each part is a product; above are its defaults
    lanes = [32]
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from fp8mac.hw.config.errors import Error
from fp8mac.synth_reports.liberty.library import OWN

__all__ = ["TRAINED", "Spec", "SpecError", "is_trained", "read_specs", "spec_of"]

TRAINED = "train:"
"""Before the name of a task that is trained on the unit."""

_KINDS: dict[str, tuple[type, str]] = {
    **dict.fromkeys(("guard_bits", "windows", "lanes", "stages"), (int, "whole numbers")),
    "questions": (int, "a whole number"),
    "search": (float, "a number from 0 to 100"),
    "optional": (bool, "true or false"),
}
"""Of what is no text, and how it is called."""

_MOST_POINTS_LOST = 100


class SpecError(Error, ValueError):
    """A specification that means nothing; one sentence for the user."""


@dataclass(frozen=True)
class Spec:
    """A product of choices; the fields are those of the file, see the module."""

    formats: tuple[str, ...] = ()
    accumulators: tuple[str, ...] = ()
    guard_bits: tuple[int, ...] = ()
    windows: tuple[int, ...] = ()
    lanes: tuple[int, ...] = (1,)
    stages: tuple[int, ...] = (1,)
    units: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()
    delays: tuple[str, ...] = ()
    libraries: tuple[str, ...] = (OWN,)
    fpgas: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    inputs: str = ""
    axes: str = ""
    questions: int | None = None
    operands: str = "recorded"
    search: float | None = None
    optional: bool = False


def is_trained(network: str) -> bool:
    """Whether a network is trained on the unit, and not only run."""
    return network.startswith(TRAINED)


def read_specs(path: Path) -> list[Spec]:
    """Products of a file in TOML, see the module.

    Raises
    ------
    SpecError
        If it cannot be read, or says something that is not known.
    """
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpecError(f"Cannot read '{path}': {error.strerror or error}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"'{path}' is not TOML: {error}.") from error
    parts = facts.pop("part", [{}])
    if not isinstance(parts, list) or not all(isinstance(each, dict) for each in parts):
        raise SpecError(f"'{path}': a part is written [[part]].")
    return [spec_of(facts | part, f"'{path}'") for part in parts]


def spec_of(facts: Mapping[str, Any], where: str) -> Spec:
    """A product, from its keys and their values.

    Parameters
    ----------
    facts : mapping
        As in a file.
    where : str
        Where they stand, for sentences.

    Raises
    ------
    SpecError
        If something is not known.
    """
    known = {each.name: each.default for each in fields(Spec)}
    return Spec(**{name: _field(where, name, value, known) for name, value in facts.items()})


def _field(where: str, name: str, value: Any, known: dict[str, Any]) -> Any:
    if name not in known:
        raise SpecError(f"{where} has an unknown key '{name}'; there are {', '.join(known)}.")
    many = isinstance(known[name], tuple)
    kind, what = _KINDS.get(name, (str, "texts" if many else "a text"))
    values = list(value) if many and isinstance(value, list | tuple) else [value]
    if kind is float and type(value) is int:
        values = [float(value)]
    wrong = any(type(each) is not kind for each in values)
    if wrong or (kind is float and not 0 <= values[0] <= _MOST_POINTS_LOST):
        raise SpecError(f"{where}: {name} takes {what}, not {value!r}.")
    return tuple(values) if many else values[0]
