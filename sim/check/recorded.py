"""Rows that were recorded on a card, or made with a model: operands, accumulator, result.

Two kinds of files are read as they are: numpy's ``.npz`` with arrays ``a``, ``b``, ``c``, ``d``
(and ``sa``, ``sb`` for scales, ``zero_e`` for rows that depend on the exponent of a zero), and text
in one file each, beside one another, one row a line::

    a_H100_E4M3.txt  b_H100_E4M3.txt    hexadecimal fp32 patterns of the operands
    c_H100_fp32.txt  d_H100_fp32.txt    binary patterns of the accumulator and the result

An array may hold codes of its format, patterns of fp32 that stand for them, or numbers.
"""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Format, Overflow, Rounding
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.codes.encoding import decode, encode
from fp8mac.sim.codes.inputs import InputError

__all__ = ["Recorded", "Rows", "read", "rows_of", "text_files"]

_FP32, _FP16 = FloatFormat(8, 23), FloatFormat(5, 10)


class _Words(NamedTuple):
    """An array as it stands in a file: patterns of so many bits, or numbers (0 bits)."""

    array: NDArray[Any]
    bits: int


@dataclass(frozen=True)
class Recorded:
    """What a file holds.

    Parameters
    ----------
    name : str
        Of the file.
    arrays : dict
        Words by the names ``a``, ``b``, ``c``, ``d``, ``sa``, ``sb``, ``zero_e``.
    """

    name: str
    arrays: dict[str, Any]

    @property
    def products(self) -> int:
        """Products of a row."""
        return self.arrays["a"].array.shape[1]

    @property
    def has_fp16_results(self) -> bool:
        """Whether results are FP16 numbers."""
        return self.arrays["d"].bits == 16 or re.match("d_.*fp16", self.name.lower()) is not None


@dataclass(frozen=True)
class Rows:
    """Rows as codes of a unit.

    Parameters
    ----------
    a, b : ndarray of int, shape (n, k)
        Codes of the operands.
    c : ndarray of int, shape (n,)
        Patterns of the accumulator before.
    d : ndarray of float64, shape (n,)
        Results, exactly.
    scales : pair of ndarrays of int, shape (n, k / size), optional
        Codes of the scales of blocks.
    zero_e : ndarray of bool, shape (n,)
        Whether a result depends on the exponent of a zero.
    """

    a: NDArray[Any]
    b: NDArray[Any]
    c: NDArray[Any]
    d: NDArray[np.float64]
    scales: tuple[NDArray[Any], NDArray[Any]] | None
    zero_e: NDArray[np.bool_]


def text_files(place: Path) -> list[Path]:
    """Files of results in a folder; of anything else, the file itself.

    Raises
    ------
    InputError
        If there is no such place, or no results in it.
    """
    if not place.is_dir():
        if not place.exists():
            raise InputError(f"There is no file '{place}'.")
        return [place]
    found = sorted([*place.glob("d_*.txt"), *place.glob("*.npz")])
    if not found:
        raise InputError(f"'{place}' holds neither d_*.txt nor *.npz.")
    return found


def read(path: Path) -> Recorded:
    """Read a file of one of the two kinds.

    Raises
    ------
    InputError
        If it is of neither, or its arrays do not fit together.
    """
    arrays = _from_text(path) if path.suffix == ".txt" else _from_npz(path)
    count, products = arrays["a"].array.shape
    arrays.setdefault("c", _Words(np.zeros(count, np.uint8), arrays["d"].bits))
    for name, words in arrays.items():
        if len(words.array) != count:
            raise InputError(f"'{path}' has {count} rows in a, but {len(words.array)} in {name}.")
    if arrays["b"].array.shape != (count, products):
        raise InputError(
            f"'{path}' has {products} products in a row of a, but "
            f"{arrays['b'].array.shape[1]} in one of b."
        )
    return Recorded(path.name, arrays)


def _from_npz(path: Path) -> dict[str, _Words]:
    try:
        with np.load(path) as file:
            found = {name.lower(): file[name] for name in file.files}
    except (OSError, ValueError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"'{path}' is neither numpy's .npz nor a text file of rows.") from error
    missing = [name for name in ("a", "b", "d") if name not in found]
    if missing:
        raise InputError(f"'{path}' has no array '{missing[0]}'.")
    arrays = {}
    for name in ("a", "b", "c", "d", "sa", "sb", "zero_e"):
        if name in found:
            array = found[name]
            matrix = name in ("a", "b", "sa", "sb")
            if array.dtype.kind not in "uifb" or array.ndim == 0:
                raise InputError(f"'{path}' has no numbers in '{name}'.")
            shape = (len(array), -1) if matrix and array.ndim > 1 else (-1,)
            array = array.reshape((1, -1) if matrix and array.ndim == 1 else shape)
            arrays[name] = _Words(array, 0 if array.dtype.kind == "f" else 8 * array.itemsize)
    return arrays


def _from_text(path: Path) -> dict[str, _Words]:
    match = re.fullmatch("d_(.+)_([^_]+)", path.stem)
    if match is None:
        raise InputError(f"'{path}' is not named d_<card>_<format>.txt, as files of results are.")
    card, result = match[1], match[2]
    folder = path.parent
    operands = {}
    for name in "ab":
        found = sorted(folder.glob(f"{name}_*.txt"))
        mine = [each for each in found if each.stem.startswith(f"{name}_{card}_")] or found
        if not mine:
            raise InputError(f"There are no operands {name}_*.txt beside '{path}'.")
        operands[name] = _words(mine[0])
    arrays = {**operands, "d": _words(path)}
    for kind in (result, "fp32"):
        before = folder / f"c_{card}_{kind}.txt"
        if before.exists():
            arrays["c"] = _words(before)
            break
    rows = min(len(words.array) for words in arrays.values())  # recordings stop early
    for name, words in arrays.items():
        array = words.array[:rows]
        arrays[name] = words._replace(array=array if name in "ab" else array[:, 0])
    return arrays


def _words(path: Path) -> _Words:
    """Patterns of a text file, by row."""
    try:
        rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
        rows = [row for row in rows if row]
        width = max(len(word) for row in rows for word in row)
        binary = width >= 16 and all(set(word) <= {"0", "1"} for row in rows for word in row)
        numbers = [[int(word, 2 if binary else 16) for word in row] for row in rows]
        return _Words(np.array(numbers, np.uint64), width if binary else 4 * width)
    except (ValueError, UnicodeDecodeError, OverflowError) as error:
        raise InputError(
            f"'{path}' has no rows of binary or hexadecimal patterns, equally many in each."
        ) from error


def rows_of(recorded: Recorded, config: MacConfig) -> Rows:
    """Rows as a unit reads them.

    Raises
    ------
    InputError
        If the arrays are not those of such a unit.
    """
    arrays, name = recorded.arrays, recorded.name
    accumulator = config.result.accumulator
    if not isinstance(accumulator, FloatAccConfig):
        raise InputError(f"Recorded results are floats, but {config.text} has none.")
    form = accumulator.format
    scales = None
    if config.block is not None:
        scales = _scales(recorded, config.block.size)
    elif "sa" in arrays:
        raise InputError(f"'{name}' has scales of blocks, which {config.text} does not take.")
    count = len(arrays["d"].array)
    zero_e = arrays["zero_e"].array.astype(bool) if "zero_e" in arrays else np.zeros(count, bool)
    return Rows(
        _operand(arrays["a"], config.a, name),
        _operand(arrays["b"], config.b, name),
        _accumulators(arrays["c"], form, name),
        _numbers(arrays["d"], form, name),
        scales,
        zero_e,
    )


def _scales(recorded: Recorded, size: int) -> tuple[NDArray[Any], NDArray[Any]]:
    blocks, found = -(-recorded.products // size), []
    for name in ("sa", "sb"):
        words = recorded.arrays.get(name)
        if words is None:
            raise InputError(f"'{recorded.name}' has no scales '{name}', which the unit takes.")
        array = words.array.reshape(len(words.array), -1)
        if array.shape[1] != blocks or words.bits == 0 or int(array.max(initial=0)) > 255:
            raise InputError(
                f"'{recorded.name}' has no {blocks} scales of eight bits in a row of '{name}'."
            )
        found.append(array.astype(np.uint8))
    return found[0], found[1]


def _operand(words: _Words, format_: Format, name: str) -> NDArray[Any]:
    array, bits = words
    if bits and (not array.size or int(array.max()) < 1 << format_.bits) and array.min() >= 0:
        return array.astype(np.uint32)
    if bits not in (0, 32) or not isinstance(format_, FloatFormat):
        raise InputError(f"'{name}' has operands that are no codes of {format_.name}.")
    numbers = array.astype(np.float64) if bits == 0 else decode(array.astype(np.uint32), _FP32)
    overflow = Overflow.TO_SPECIAL if format_.has_inf else Overflow.SATURATE
    return encode(numbers, format_, overflow=overflow).astype(np.uint32)


def _word_format(words: _Words, form: FloatFormat, name: str) -> FloatFormat:
    """Format of patterns; 64 bits hold those of 32."""
    if words.bits == form.bits:
        return form
    found = {16: _FP16, 32: _FP32, 64: _FP32}.get(words.bits)
    if found is None:
        raise InputError(f"'{name}' has accumulators of {words.bits} bits, not of 16 or 32.")
    return found


def _numbers(words: _Words, form: FloatFormat, name: str) -> NDArray[np.float64]:
    if words.bits == 0:
        return words.array.astype(np.float64).reshape(-1)
    return decode(words.array.reshape(-1).astype(np.uint32), _word_format(words, form, name))


def _accumulators(words: _Words, form: FloatFormat, name: str) -> NDArray[Any]:
    """Patterns of a unit's accumulator; a longer significand is cut off, as the units do."""
    if words.bits == form.bits:
        return words.array.reshape(-1).astype(np.uint32)
    cuts = form.exponent_bits == _FP32.exponent_bits
    rounding = Rounding.RTZ if cuts else Rounding.RNE
    numbers = _numbers(words, form, name)
    return encode(numbers, form, rounding, Overflow.TO_SPECIAL).astype(np.uint32)
