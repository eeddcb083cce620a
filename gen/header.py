"""What stands above a module: what it computes, special cases, and how it was made."""

import textwrap
from importlib.metadata import version

__all__ = ["header_text"]


def header_text(
    description: dict[str, object],
    command: str | None,
    yosys_version: str,
    sha256: str,
    *,
    proved: bool,
) -> str:
    """Comments above a module.

    Parameters
    ----------
    description : dict
        Of the module, see `fp8mac.gen.describe.describe`, and its ``form``.
    command : str, optional
        What makes the file again.
    yosys_version : str
        Of the Yosys that wrote it.
    sha256 : str
        Hash of the module.
    proved : bool
        Whether just this module is proved.
    """
    operands, accumulator = description["operands"], description["accumulator"]
    assert isinstance(operands, dict)
    assert isinstance(accumulator, dict)
    terms, lanes = _terms(description), description["products_per_cycle"]
    is_core = description["kind"] == "core"
    kind = f"combinational core, y = c + {terms}" if is_core else "registered unit"
    kind += " between streams" * (description["kind"] == "stream")
    what = "multiply-accumulate" if lanes == 1 else f"dot product of {lanes} lanes"
    title = f"{description['module']}: {what}, {kind}."
    if str(description["kind"]).endswith("array"):
        size = f"{description['rows']} x {description['columns']}"
        title = f"{description['module']}: {description['kind']} of {size} units between streams."
    lines = [title] if lanes == 1 else textwrap.wrap(title, 92, subsequent_indent="  ")
    if description["form"] == "netlist":
        lines += ["A netlist of two-input gates, proved equal to the RTL of the same name."]
    lines += [
        "",
        *(f"{port}: {_in_words(facts)}" for port, facts in operands.items()),
        *_lanes_in_words(description),
        *textwrap.wrap(_accumulator_in_words(description, accumulator), 92, subsequent_indent="  "),
        "",
    ]
    segments = _segments_in_words(description, accumulator)
    if description["kind"] == "unit" and not segments:
        lines += [
            "On a rising edge of clk: rst clears acc and flags; otherwise, where en is high, acc",
            f"becomes acc + {terms}, or 0 + {terms} where clear is high as well. "
            + _latency(description["latency_cycles"]),
            f"{_rate(description)} per cycle.",
            "",
        ]
    if description["kind"] in _STREAMED:
        segments = [*_STREAMED[str(description["kind"])](description), *segments]
    for paragraph in segments:
        lines += [*textwrap.wrap(paragraph, 92), ""]
    cases = description["special_cases"]
    assert isinstance(cases, list)
    for case in cases:
        lines += textwrap.wrap(f"* {case}", 92, subsequent_indent="  ")
    lines += ["", f"Made by: {command or 'fp8mac'}"]
    lines += [f"fp8mac {version('fp8mac')}, Amaranth {version('amaranth')}, Yosys {yosys_version}"]
    lines += [f"Module SHA-256 {sha256}"]
    if proved:
        lines += [
            "This module is proved for all operands and states: synth_reports/results/proofs.md"
        ]
    lines += ["", "Bits that nothing reads are meant to be so, and the file may have any name:"]
    return "".join(f"// {line}".rstrip() + "\n" for line in lines)


def _stream_in_words(description: dict[str, object]) -> list[str]:
    """How elements go in and sums come out."""
    moves = (
        "An element is taken on a rising edge of clk where i__valid and i__ready are high. The "
        "one behind a last element, or behind rst, begins a sum; o__valid is high "
        f"{description['latency_cycles']} edges after the last element of a vector, until "
        "o__ready takes the sum. Where it does not, i__ready is low and everything stands still."
    )
    return [moves, *_payloads(description)]


def _array_in_words(description: dict[str, object]) -> list[str]:
    """How elements go in and rows of sums come out."""
    moves = (
        "Adds up tiles of a matrix product, each sum in its own place. An element, a column of "
        "the left matrix and a row of the right one, is taken on a rising edge of clk where "
        "i__valid and i__ready are high; the one behind a last element, or behind rst, begins a "
        f"tile. {_rows_in_words(description)}"
    )
    return [moves, *_payloads(description)]


def _rows_in_words(description: dict[str, object], behind: str = "its last element") -> str:
    """How rows of sums come out."""
    rows, cycles = description["rows"], description["latency_cycles"]
    return (
        f"A tile's {rows} rows of sums leave one by one, row 0 first, the first "
        f"{cycles} edge{'s' * (cycles != 1)} after {behind}, while the next tile is added "
        "up; where o__ready is low, everything stands still. A last element waits until there are "
        f"{rows} edges between it and the one before."
    )


def _block_sparse_in_words(description: dict[str, object]) -> list[str]:
    """How blocks go in, what is read of the memory, and how rows of sums come out."""
    elements = description["block_elements"]
    moves = (
        "Adds up tiles of a matrix product, each sum in its own place, and leaves out blocks of "
        f"{elements} elements that are zero in all of a tile's rows of the left matrix. The number "
        "of each block that is there is taken on a rising edge of clk where k__valid and k__ready "
        f"are high. For each of its {elements} elements one of the left matrix is taken where "
        "i__valid and i__ready are high, and one of the right matrix is read from a memory: on an "
        "edge where read is high it takes address, and data stays until the next such edge. The "
        "block behind a last one, or behind rst, begins a tile. "
        f"{_rows_in_words(description, 'its last address')}"
    )
    ports = description["ports"]
    assert isinstance(ports, list)
    data = next(f"data: {port['meaning']}." for port in ports if port["name"] == "data")
    return [moves, *_payloads(description), data]


_STREAMED = {
    "stream": _stream_in_words,
    "array": _array_in_words,
    "block-sparse array": _block_sparse_in_words,
}
"""Paragraphs on what stands between streams, by its kind."""


def _payloads(description: dict[str, object]) -> list[str]:
    ports = description["ports"]
    assert isinstance(ports, list)
    return [f"{p['name']}, {p['meaning']}." for p in ports if p["name"].endswith("payload")]


def _terms(description: dict[str, object]) -> str:
    """What a step adds."""
    return "a * b" if description["products_per_cycle"] == 1 else "sum(a[k] * b[k])"


def _lanes_in_words(description: dict[str, object]) -> list[str]:
    """Where the lanes of an operand are, if there are several."""
    if "lane_bits" not in description:
        return []
    widths = description["lane_bits"]
    assert isinstance(widths, dict)
    fields = (f"{name}[k] is {name}[{bits}*k +: {bits}]" for name, bits in widths.items())
    return [f"lanes: {', '.join(fields)}; lane 0 is lowest"]


def _rate(description: dict[str, object]) -> str:
    lanes = description["products_per_cycle"]
    return "one product" if lanes == 1 else f"{lanes} products"


def _latency(cycles: object) -> str:
    return "Latency 1 cycle," if cycles == 1 else f"Latency {cycles} cycles,"


def _accumulator_in_words(description: dict[str, object], acc: dict[str, object]) -> str:
    width = f"accumulator: {acc['name']}, {description['acc_bits']} bits"
    if acc["kind"] == "float":
        assert isinstance(acc["format"], dict)
        return f"{width}; {_in_words(acc['format'])}"
    if acc["kind"] in ("kulisch", "int"):
        return f"{width}; two's complement in units of 2**{description['acc_lsb_exponent']}"
    return width


def _segments_in_words(description: dict[str, object], acc: dict[str, object]) -> list[str]:
    """How to read an accumulator in segments, and what a unit does with it: paragraphs."""
    if "segment_bits" not in acc or str(description["kind"]).endswith("array"):
        return []
    is_unit = description["kind"] == "unit"
    words = [("acc", "carry")] if is_unit else [("c", "c_carry"), ("y", "y_carry")]
    bits, places = description["acc_bits"], acc["carry_places"]
    assert isinstance(places, list)
    one = len(places) == 1
    sums = [
        f"{word} + {carry if one else f'{carry}[0]'} * 2**{places[0]}"
        + ("" if one else f" + ... + {carry}[{len(places) - 1}] * 2**{places[-1]}")
        for word, carry in words
    ]
    what = f"The sum is {sums[0]}" if is_unit else f"The accumulators are {' and '.join(sums)}"
    read = (
        f"In segments of {acc['segment_bits']} bits: the carry out of each is held, and enters the "
        f"next one in the next step. {what}, modulo 2**{bits}, in two's complement: exact at all "
        "times, but many words and carries stand for one number."
    )
    paragraphs = [read]
    if is_unit:
        idles = (
            "; in every other cycle the carries move on, the sum stays, and after "
            f"{len(places)} such cycle{'s' * (not one)} acc is the sum. ready is high while it is"
        )
        how = {"combinational": "; sum is acc and carry, added", "idle": idles, None: ""}
        paragraphs.append(
            "On a rising edge of clk: rst clears acc, carry and flags; otherwise, where en is "
            f"high, {_terms(description)} is added to the sum, or to 0 where clear is high as well"
            f"{how[acc['resolve']]}. Latency 1 cycle, {_rate(description)} per cycle."
        )
    return paragraphs


def _in_words(facts: dict[str, object]) -> str:
    if "exponent_bits" not in facts:
        return f"{facts['name']}, two's complement, {facts['bits']} bits"
    return (
        f"{facts['name']}, 1 sign, {facts['exponent_bits']} exponent, {facts['mantissa_bits']} "
        f"mantissa bits, bias {facts['bias']}, specials '{facts['specials']}'"
    )
