"""Where two units disagree, and whether the sums of one are monotone."""

from fractions import Fraction
from typing import Annotated, Any

import typer

from fp8mac.cli.options import JSON, end, print_json, recorded
from fp8mac.gen.files import print_text
from fp8mac.hw.config.unit import parse_line

__all__ = ["differ"]


def differ(
    ctx: typer.Context,
    unit: Annotated[str, typer.Argument(metavar="UNIT", help="Named unit, or a unit in one line.")],
    other: Annotated[
        str | None, typer.Argument(metavar="[OTHER]", help="The unit it is compared with.")
    ] = None,
    *,
    monotone: Annotated[
        bool,
        typer.Option("--monotone", help="Can the sum of UNIT fall where an operand grows?"),
    ] = False,
    as_json: JSON = False,
) -> None:
    """Find the smallest operands on which two units disagree; sums of up to two products."""
    config = parse_line(unit)
    if monotone:
        if other is not None:
            raise end("--monotone is about one unit; two were named.")
        from fp8mac.sim.check.claims.monotone import find_descents

        found = find_descents(config)
        if as_json:
            print_json(_monotone_facts(found) | {"command": recorded(ctx)})
        else:
            print_text(_monotone_text(found))
        return
    if other is None:
        raise end("Name the unit that it is compared with, or --monotone.")
    from fp8mac.sim.check.claims.differ import find_difference

    found = find_difference(config, parse_line(other))
    if as_json:
        facts = {"units": [config.text, parse_line(other).text], "difference": None}
        if found is not None:
            facts["difference"] = _facts(found)
        print_json(facts | {"command": recorded(ctx)})
    else:
        print_text(_text(unit, other, found))


def _facts(found: Any) -> dict[str, Any]:
    return {
        "places": found.places,
        "a": found.a,
        "b": found.b,
        "codes": found.codes,
        "sums": [_number(each) for each in found.sums],
        "exact": None if found.exact is None else _number(found.exact),
    }


def _number(number: Fraction | str) -> str:
    """All digits of a binary fraction, or what is no number."""
    return number if isinstance(number, str) else repr(float(number)).removesuffix(".0")


def _text(unit: str, other: str, found: Any) -> str:
    if found is None:
        return f"{unit} and {other} agree on all sums of one product and of two.\n"
    lines = [f"{len(found.places)} of {found.places[-1] + 1} products, the others zero:"]
    for place, a, b, *codes in zip(found.places, found.a, found.b, *found.codes, strict=True):
        names = " and ".join(f"{x:02x} * {y:02x}" for x, y in zip(*[iter(codes)] * 2, strict=True))
        lines.append(f"  a[{place}] * b[{place}] = {a!r} * {b!r}   (codes {names})")
    width = max(len(unit), len(other), len("exact"))
    rows = list(zip((unit, other), found.sums, strict=True))
    rows += [] if found.exact is None else [("exact", found.exact)]
    lines += [f"  {name:{width}}  {_number(number)}" for name, number in rows]
    return "\n".join(lines) + "\n"


def _alike(each: Any) -> str:
    return f"{each.others} products {each.x!r} * {each.y!r}"


_KINDS = {"a": "a factor of a product", "c": "the accumulator"}


def _monotone_facts(found: Any) -> dict[str, Any]:
    descents = [
        vars(each) | {"sums": [_number(number) for number in each.sums]} for each in found.descents
    ]
    return {
        "unit": found.config.text,
        "monotone": found.proof,
        "not_monotone": descents,
        "unknown": found.unknown,
        "sums_tried": found.tried,
    }


def _monotone_text(found: Any) -> str:
    lines = [f"{found.config.text}, one step"]
    for kind, proof in found.proof.items():
        lines.append(f"  monotone in {_KINDS[kind]}: {proof}")
    for each in found.descents:
        what = "c" if each.operand == "c" else f"a * {each.b!r}, a"
        before, after = map(_number, each.sums)
        lines += [
            f"  not monotone in {_KINDS[each.operand]}: with {_alike(each)},",
            f"    {what} = {each.low!r} gives {before}, {each.high!r} gives {after}",
        ]
    for kind in found.unknown:
        lines.append(
            f"  not known for {_KINDS[kind]}: no proof, and no counterexample among "
            f"{found.tried:,} sums"
        )
    return "\n".join(lines) + "\n"
