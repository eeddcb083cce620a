"""The netlist of a core against a table of results, for every accumulator code at once.

The comparison exists twice: as C, in which every gate is an instruction on a whole vector register,
compiled when it is needed; and in numpy, hundreds of times slower, for machines without a compiler.
"""

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.ports import Port, Role, named, wires
from fp8mac.sim.check.blif import GATES
from fp8mac.sim.check.netlist import Netlist, pack

__all__ = [
    "CompiledKernel",
    "CompilerError",
    "Kernel",
    "NumpyKernel",
    "Wrong",
    "accumulators",
    "find_compiler",
]

Codes = NDArray[np.uint32]
Words = NDArray[np.uint64]

_LISTED = 10
_LONGEST_VECTOR = 512


class CompilerError(Error, RuntimeError):
    """No C compiler, or one that fails; the message is one sentence for the user."""


class Wrong(NamedTuple):
    """How many results are wrong, and the first ten of them as (index of the pair, lane)."""

    total: int
    first: list[tuple[int, int]]


def accumulators(bits: int) -> NDArray[np.uint64]:
    """Accumulator code of each lane: all codes, over again until the longest vector is full."""
    codes = np.arange(max(1 << bits, _LONGEST_VECTOR), dtype=np.uint64)
    return codes & np.uint64((1 << bits) - 1)


class Kernel(Protocol):
    """Compares results of pairs of operands with every accumulator.

    Parameters
    ----------
    a, b : ndarray of uint32, shape (n,)
        Pairs of operands.
    want : ndarray of uint64, shape (outputs, lanes / 64)
        Results for `accumulators`, the same for every pair, see `fp8mac.sim.check.netlist.pack`.
    care : ndarray of uint64, shape (outputs,)
        All ones for an output that is compared, 0 for one that is not.
    """

    def __call__(self, a: Codes, b: Codes, want: Words, care: Words) -> Wrong: ...


class NumpyKernel:
    """`Kernel` in numpy.

    Parameters
    ----------
    netlist : Netlist
        A core.
    table : tuple of Port
        Its ports; results are in the order of its outputs.
    """

    def __init__(self, netlist: Netlist, table: tuple[Port, ...]) -> None:
        self._netlist = netlist
        self._operands = [port.wires for port in table if port.role is Role.OPERAND]
        self._state = wires(table, Role.STATE)
        self._outputs = _outputs(table)
        self._planes = _planes(table)

    def __call__(self, a: Codes, b: Codes, want: Words, care: Words) -> Wrong:
        count, first = 0, []
        for index, pair in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
            signals = dict(zip(self._state, self._planes, strict=True))
            for operand, code in zip(self._operands, pair, strict=True):
                for bit, wire in enumerate(operand):
                    # One word stands for all lanes: gates of operands alone take no time.
                    signals[wire] = np.zeros(1, np.uint64) - np.uint64(code >> bit & 1)
            results = self._netlist.evaluate_packed(signals)
            wrong = np.zeros(want.shape[1], np.uint64)
            for output, wanted, cared in zip(self._outputs, want, care, strict=True):
                wrong |= (results[output] ^ wanted) & cared
            if wrong.any():
                lanes = np.flatnonzero(np.unpackbits(wrong.view(np.uint8), bitorder="little"))
                first += [(index, lane) for lane in lanes[: _LISTED - len(first)].tolist()]
                count += len(lanes)
        return Wrong(count, first)


class CompiledKernel:
    """`Kernel` in C; many threads may call it at once.

    Parameters
    ----------
    netlist, table
        Those of `NumpyKernel`.
    compiler : str
        Compiler that knows the vector extensions of GCC and Clang.

    Raises
    ------
    CompilerError
        If the compiler fails.
    """

    def __init__(self, netlist: Netlist, table: tuple[Port, ...], compiler: str) -> None:
        self._planes = _planes(table)
        self._check = _compile(_source(netlist, table, self._planes.shape[1]), compiler)

    def __call__(self, a: Codes, b: Codes, want: Words, care: Words) -> Wrong:
        listed = np.zeros((_LISTED, 2), np.uint64)
        arrays = (np.ascontiguousarray(each) for each in (a, b, self._planes, want, care, listed))
        count = self._check(len(a), *arrays)
        return Wrong(count, [(index, lane) for index, lane in listed[:count].tolist()])


def _planes(table: tuple[Port, ...]) -> Words:
    """Bits of the accumulator in every lane."""
    (bits,) = named(table, Role.STATE).values()
    return np.stack(pack(accumulators(bits), bits))


def _outputs(table: tuple[Port, ...]) -> tuple[str, ...]:
    return wires(table, Role.RESULT, Role.FLAG)


def find_compiler() -> str | None:
    """C compiler: what the environment variable ``CC`` names, else ``cc``, ``gcc`` or ``clang``."""
    names = [chosen] if (chosen := os.environ.get("CC")) else ["cc", "gcc", "clang"]
    return next((path for name in names if (path := shutil.which(name))), None)


def _compile(source: str, compiler: str) -> "ctypes._NamedFuncPointer":
    with tempfile.TemporaryDirectory(prefix="fp8mac-", ignore_cleanup_errors=True) as folder:
        file, library = Path(folder, "kernel.c"), Path(folder, "kernel.so")
        file.write_text(source, encoding="ascii")
        command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(file)]
        try:
            run = subprocess.run([*command, "-march=native"], capture_output=True, check=False)
            if run.returncode:  # not every compiler knows every processor
                run = subprocess.run(command, capture_output=True, check=False)
        except OSError as error:
            raise CompilerError(f"Cannot run '{compiler}': {error.strerror}.") from error
        if run.returncode:
            log = run.stderr.decode(errors="replace").splitlines()
            reason = next((line for line in log if "error" in line), f"exit code {run.returncode}")
            raise CompilerError(f"The C compiler stopped: {reason.strip()}")
        check = ctypes.CDLL(str(library)).check
    arrays = [np.ctypeslib.ndpointer(kind, flags="C") for kind in [np.uint32] * 2 + [np.uint64] * 4]
    check.argtypes, check.restype = [ctypes.c_size_t, *arrays], ctypes.c_uint64
    return check


_C = """\
#include <stddef.h>
#include <stdint.h>

#define WORDS %(words)d
#define LISTED %(listed)d

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX2__)
#define BYTES 32
#else
#define BYTES 16
#endif

typedef uint64_t Vector __attribute__((vector_size(BYTES)));
typedef uint64_t InMemory __attribute__((vector_size(BYTES), aligned(8), may_alias));

#define SPREAD(code, bit) ((Vector){0} - ((uint64_t)(code) >> (bit) & 1))
#define LOAD(array, row) (*(const InMemory *)((array) + (row) * WORDS + word))

/* Ones in the lanes in which a pair has a wrong result. */
static void compare(uint32_t a, uint32_t b, const uint64_t *c, const uint64_t *want,
                    const uint64_t *care, uint64_t *wrong)
{
%(pair)s
    for (size_t word = 0; word < WORDS; word += BYTES / 8) {
%(lanes)s
        *(InMemory *)(wrong + word) = %(wrong)s;
    }
}

uint64_t check(size_t pairs, const uint32_t *a, const uint32_t *b, const uint64_t *c,
               const uint64_t *want, const uint64_t *care, uint64_t *listed)
{
    uint64_t count = 0, wrong[WORDS];
    for (size_t pair = 0; pair < pairs; pair++) {
        compare(a[pair], b[pair], c, want, care, wrong);
        for (size_t word = 0; word < WORDS; word++)
            for (uint64_t rest = wrong[word]; rest; rest &= rest - 1)
                if (count++ < LISTED) {
                    *listed++ = pair;
                    *listed++ = word * 64 + __builtin_ctzll(rest);
                }
    }
    return count;
}
"""

_CONSTANTS = {"ZERO": "(Vector){0}", "ONE": "~(Vector){0}"}


def _source(netlist: Netlist, table: tuple[Port, ...], words: int) -> str:
    """C of a netlist; gates of operands alone stand before the loop over accumulators."""
    names: dict[str, str] = {}
    pair: list[str] = []
    lanes: list[str] = []

    def define(signal: str, expression: str, lines: list[str]) -> None:
        names[signal] = f"{'pair' if lines is pair else 'lane'}{len(names)}"
        lines.append(f"const Vector {names[signal]} = {expression};")

    operands = [port for port in table if port.role is Role.OPERAND]
    for array, port in zip("ab", operands, strict=True):
        for bit, wire in enumerate(port.wires):
            define(wire, f"SPREAD({array}, {bit})", pair)
    for bit, wire in enumerate(wires(table, Role.STATE)):
        define(wire, f"LOAD(c, {bit})", lanes)
    for cell, signal, arguments in netlist.gates:
        drivers = [names[argument] for argument in arguments]
        alone = all(driver.startswith("pair") for driver in drivers)
        text = _CONSTANTS[cell] if cell in _CONSTANTS else GATES[cell].expression(*drivers)
        define(signal, text, pair if alone else lanes)
    wrong = [
        f"(({names[output]} ^ LOAD(want, {row})) & care[{row}])"
        for row, output in enumerate(_outputs(table))
    ]
    return _C % {
        "words": words,
        "listed": _LISTED,
        "pair": "\n".join(f"    {line}" for line in pair),
        "lanes": "\n".join(f"        {line}" for line in lanes),
        "wrong": "\n            | ".join(wrong),
    }
