"""Which named unit a file of recorded rows is of, by the file's name.

::

    h100_e4m3.npz                            card and operands
    mi200_bf16_1k.npz, mmasync_e5m2_fp16.npz instruction and operands
    rvbna_e4m3_n16.npz                       operands and lanes
    d_H100_fp16.txt  beside a_H100_BF16.txt  text: the operands' format is in the other name
"""

import re
from pathlib import Path

from fp8mac.hw.config.silicon.named import NAMED_UNITS
from fp8mac.sim.codes.inputs import InputError

__all__ = ["files_in", "unit_of_file"]

_CARDS = {
    "a2": "a100",
    "l40s": "ada",
    "l40": "ada",
    "h200": "h100",
    "mmasync": "h100-mmasync",
}
"""Cards whose units have another card's name."""

_OPERANDS = {
    "e4m3": "fp8-e4m3",
    "e5m2": "fp8-e5m2",
    "mxf8-e4m3": "mxfp8-e4m3",
    "mxf8-e5m2": "mxfp8-e5m2",
    "mxf4": "mxfp4",
    "nvf4": "nvfp4",
}
"""What operands are called in the names of units."""


def files_in(folder: Path) -> list[Path]:
    """Files of results in a folder and in the folders in it.

    Raises
    ------
    InputError
        If there is no such folder, or no results in it.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder '{folder}'.")
    found = sorted([*folder.rglob("d_*.txt"), *folder.rglob("*.npz")])
    if not found:
        raise InputError(f"'{folder}' holds neither d_*.txt nor *.npz.")
    return found


def unit_of_file(path: Path) -> str:
    """Name of the unit whose rows a file holds.

    Raises
    ------
    InputError
        If its name does not tell.
    """
    card, *words = path.stem.lower().removeprefix("d_").split("_")
    if path.stem.startswith("d_"):
        operands = {each.stem.rpartition("_")[2].lower() for each in _operands_of(path)}
        words = [*operands, *words] if len(operands) == 1 else []
    while words and re.fullmatch(r"fp32|n[0-9]+", words[-1]):  # the result, the lanes
        words.pop()
    if len(words) > 1 and words[-1] == "fp16":
        words.pop()
    text = "-".join(words)
    for unit in _candidates(card, text):
        if unit in NAMED_UNITS:
            return unit
    raise InputError(
        f"The name of '{path}' does not tell whose rows it holds; check it by itself: "
        "fp8mac check-vectors UNIT FILE."
    )


def _candidates(card: str, operands: str) -> list[str]:
    """Names that a unit may have; 16-bit operands have the units of the card before."""
    base = _CARDS.get(card, card)
    names = [f"{base}-{_OPERANDS.get(operands, operands)}", f"{base}-{operands}"]
    if operands in ("fp16", "bf16", "tf32"):
        names += {"ada": [f"a100-{operands}"], "b200": [f"h100-{operands}"]}.get(base, [])
    return names


def _operands_of(path: Path) -> list[Path]:
    card = path.stem.split("_")[1]
    return sorted(path.parent.glob(f"a_{card}_*.txt"))
