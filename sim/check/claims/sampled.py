"""The netlist of a core against matrix products: millions of biased steps, or every one.

A step of several lanes has too many operands to try all, and the golden model takes a millisecond
for one. So rows of operands meet columns, as in a matrix product: each element is a step, from an
accumulator that fits its products::

                b[0]    b[1]    ...
        a[0]    step    step                 gemm says what each gives, and the golden model
        a[1]    step    step                 what some of them give; the netlist gives the same
        ...
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.check.claims.tiles import SIDE, Tile, biased_tile
from fp8mac.sim.check.cosim import Mismatch, check_core
from fp8mac.sim.check.exhaustive import SelfTestError
from fp8mac.sim.check.netlist import Netlist
from fp8mac.sim.check.stimuli import Triples
from fp8mac.sim.check.words import beside, packed
from fp8mac.sim.codes.numbers import legal_codes
from fp8mac.sim.exact import golden
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.gemm.result import GemmResult

__all__ = ["Sampled", "check_every", "check_sampled"]

_AT_ONCE = 16  # tiles whose steps the netlist takes together
_BY_GOLDEN = 2000
_LISTED = 10

Codes = NDArray[np.uint64]


@dataclass(frozen=True)
class Sampled:
    """What came of steps that were tried.

    Parameters
    ----------
    steps : int
        Steps whose result was compared with that of a matrix product.
    by_golden : int
        Those of them that the golden model has computed as well.
    wrong : int
        Steps in which the netlist differs.
    mismatches : tuple of Mismatch
        The first of them, up to ten, by the golden model.
    seconds : float
        Processor time.
    """

    steps: int
    by_golden: int
    wrong: int
    mismatches: tuple[Mismatch, ...]
    seconds: float


def check_sampled(config: MacConfig, netlist: Netlist, count: int, seed: int = 1) -> Sampled:
    """Try steps where terms meet, cancel, round and overflow: those of `biased_tile`.

    Parameters
    ----------
    config : MacConfig
        A unit with a float accumulator and without chunks.
    netlist : Netlist
        Of its core.
    count : int
        Steps, at least; they come in thousands.
    seed : int
        Equal seeds give equal steps.

    Raises
    ------
    SelfTestError
        If the golden model and a matrix product differ, so that nothing can be said.
    """
    rng = np.random.default_rng(seed)
    tiles = (biased_tile(config, rng, at) for at in range(-(-count // SIDE**2)))
    return _compare(config, netlist, tiles)


def check_every(config: MacConfig, netlist: Netlist) -> Sampled:
    """Try every step of a small core: each operand of each lane with each accumulator.

    Parameters and errors are those of `check_sampled`; all operands together have few bits, and
    there are no scales.
    """
    lanes = config.products_per_cycle
    a, b = (
        np.array(np.meshgrid(*[legal_codes(each)] * lanes), np.uint64).reshape(lanes, -1).T
        for each in (config.a, config.b)
    )
    shape = (len(a), len(b))
    codes = range(1 << config.acc_bits)
    tiles = (Tile(a, b, None, np.full(shape, code, np.uint64)) for code in codes)
    return _compare(config, netlist, tiles)


def _compare(config: MacConfig, netlist: Netlist, tiles: Iterator[Tile]) -> Sampled:
    start, rng = time.process_time(), np.random.default_rng(0)
    steps = by_golden = wrong = 0
    found: list[Mismatch] = []
    waiting: list[Tile] = []

    def flush() -> None:
        nonlocal steps, wrong
        want = np.concatenate([_products(config, tile).ravel() for tile in waiting])
        given = [_ports(config, tile) for tile in waiting]
        words = {port: np.concatenate([each[port] for each in given]) for port in given[0]}
        differs = np.flatnonzero(netlist.evaluate(words)["y"][:, 0] != want)
        steps, wrong = steps + len(want), wrong + len(differs)
        if differs.size and len(found) < _LISTED:
            few = differs[: _LISTED - len(found)]
            triples = _triples(config, {port: word[few] for port, word in words.items()})
            found.extend(check_core(config, netlist, triples))
        waiting.clear()

    for tile in tiles:
        if by_golden < _BY_GOLDEN:
            by_golden += _self_test(config, tile, rng)
        waiting.append(tile)
        if sum(each.c.size for each in waiting) >= _AT_ONCE * SIDE**2:
            flush()
    if waiting:
        flush()
    return Sampled(steps, by_golden, wrong, tuple(found), time.process_time() - start)


def _self_test(config: MacConfig, tile: Tile, rng: np.random.Generator) -> int:
    """Compare some steps of a tile with the golden model; how many."""
    some = rng.choice(tile.c.size, min(tile.c.size, 100), replace=False)
    triples = _triples(config, {port: word[some] for port, word in _ports(config, tile).items()})
    products = _products(config, tile).ravel()[some].tolist()
    for (a, b, c), got in zip(triples.integers(), products, strict=True):
        want = golden.mac(config, a, b, c).acc
        if got != want:
            raise SelfTestError(
                f"Nothing was checked: for a={a:#x} b={b:#x} acc={c:#x} the golden model of "
                f"{config.slug} gives {want:#x}, and {got:#x} as a matrix product."
            )
    return len(some)


def _products(config: MacConfig, tile: Tile) -> Codes:
    """Sums of a tile, shape (m, n), as a matrix product."""
    flags = np.zeros((*tile.c.shape, 0), bool)
    start = GemmResult(config.result, tile.c.astype(_dtype(config)), flags)
    scales = None if tile.scales is None else (tile.scales[0], tile.scales[1].T)
    return gemm(tile.a, tile.b.T, config, start=start, scales=scales).acc.astype(np.uint64)


def _dtype(config: MacConfig) -> Any:
    return next(f"u{size}" for size in (1, 2, 4, 8) if config.acc_bits <= 8 * size)


def _ports(config: MacConfig, tile: Tile) -> dict[str, Codes]:
    """What ports of the core are given in the steps of a tile, row by row."""
    rows, columns = tile.c.shape
    scales = (None, None) if tile.scales is None else tile.scales
    words = {"c": tile.c.reshape(-1, 1)}
    for name, codes, format_, scale in zip(
        "ab", tile[:2], (config.a, config.b), scales, strict=True
    ):
        given = {name: packed(codes, format_.bits)}
        if scale is not None:
            given[f"s{name}"] = packed(scale, 8)
        for port, word in given.items():
            words[port] = (
                np.repeat(word, columns, axis=0) if name == "a" else np.tile(word, (rows, 1))
            )
    return words


def _triples(config: MacConfig, words: dict[str, Codes]) -> Triples:
    """Steps as the golden model takes them, scales above the codes."""
    sides = []
    for name, format_ in zip("ab", (config.a, config.b), strict=True):
        word = words[name]
        if config.block is not None:
            count = config.scales_per_cycle
            places = np.arange(count, dtype=np.uint64)
            scale = words[f"s{name}"]
            codes = scale[:, places // 8] >> (places % 8 * 8) & np.uint64(255)
            word = beside(word, config.products_per_cycle * format_.bits, codes)
        sides.append(word)
    left, right = sides
    return Triples(left, right, words["c"])
