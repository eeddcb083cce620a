"""Sentences that points give: who is smallest without a loss, what formats and structures cost."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from fp8mac.synth_reports.page.points import MEASURES, ReportPoint

__all__ = ["findings"]

_AREAS = ("area_ge", "area_um2", "gates")
_UNITS = {"area_ge": "GE", "area_um2": "µm²", "gates": "two-input gates"}
_DIGITS = {each.name: each.digits for each in MEASURES}
_FEW = 3
"""Formats that an accumulator needs before they are compared."""


def findings(points: Sequence[ReportPoint]) -> list[str]:
    """What stands at the top of the page, one sentence each, every number from the points."""
    return [
        sentence
        for find in (_counts, _networks, _formats, _structures, _peers, _proofs)
        for sentence in find(points)
    ]


def _counts(points: Sequence[ReportPoint]) -> Iterator[str]:
    ours = [each for each in points if each.is_ours]
    units = {each.unit for each in ours}
    networks = {each.network for each in ours if each.network}
    designs = {each.design for each in points if not each.is_ours}
    text = f"{len(points):,} rows are of {_many(len(units), 'unit')}"
    text += f" and {_many(len(designs), 'other design')}" if designs else ""
    text += f"; {_many(len(networks), 'network')} ran on units" if networks else ""
    yield f"{text}."


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _networks(points: Sequence[ReportPoint]) -> Iterator[str]:
    """Of each network the smallest unit that is not told apart from float32."""
    run = [each for each in points if each.network and each.loss is not None]
    for network in dict.fromkeys(each.network for each in run):
        rows = [each for each in run if each.network == network]
        area, rows = _comparable(rows)
        if area is None:
            continue
        asked = max(each.questions or 0 for each in rows)
        head = f"{network}, {asked:,} questions: " if asked else f"{network}: "
        good = [each for each in rows if each.rank == 0]
        if not good:
            best = min(rows, key=lambda each: each.rank or 0.0)
            yield f"{head}every unit loses; {best.unit} loses least, {_loss(best)}."
            continue
        smallest = min(good, key=_value_of(area))
        text = (
            f"{head}{len(good)} of {len(rows)} units are not told apart from float32; the smallest "
            f"of them is {smallest.unit}, {_sizes(smallest, rows, area)}"
        )
        floats = [each for each in good if not each.formats.startswith("int")]
        if floats and smallest not in floats:
            least = min(floats, key=_value_of(area))
            text += f"; the smallest of floats is {least.unit}, {_sizes(least, rows, area)}"
        yield f"{text}."


def _comparable(rows: Iterable[ReportPoint]) -> tuple[str | None, list[ReportPoint]]:
    """The area that most rows have, and the rows of the library, goal and lanes with most of it."""
    rows = list(rows)
    area = max(_AREAS, key=lambda name: sum(getattr(each, name) is not None for each in rows))
    rows = [each for each in rows if getattr(each, area) is not None]
    if not rows:
        return None, []
    kinds = [(each.library, each.goal, each.shape, each.lanes) for each in rows]
    common = max(dict.fromkeys(kinds), key=kinds.count)
    return area, [each for each, kind in zip(rows, kinds, strict=True) if kind == common]


def _value_of(name: str) -> Callable[[ReportPoint], float]:
    return lambda point: getattr(point, name)


def _number(point: ReportPoint, area: str) -> str:
    return f"{getattr(point, area):,.{_DIGITS[area]}f} {_UNITS[area]}"


def _sizes(point: ReportPoint, rows: Iterable[ReportPoint], area: str) -> str:
    return f"{_number(point, area)}{_ratio(point, rows, area)}, loss {_loss(point)}"


def _loss(point: ReportPoint) -> str:
    text = f"{point.loss:.2f} points"
    if point.loss_low is None:
        return text
    return f"{text} (95 % from {point.loss_low:.2f} to {point.loss_high:.2f})"


def _ratio(point: ReportPoint, rows: Iterable[ReportPoint], area: str) -> str:
    """What it is of the baseline, where that is another one."""
    base = next((each for each in rows if each.is_baseline), None)
    if base is None or base.unit == point.unit:
        return ""
    return f", {getattr(point, area) / getattr(base, area):.2f} times {base.unit}"


def _formats(points: Sequence[ReportPoint]) -> Iterator[str]:
    """The smallest and the largest format in each accumulator."""
    ours = [each for each in points if each.is_ours and each.shape == "unit"]
    area, rows = _comparable({(each.unit, each.goal, each.library): each for each in ours}.values())
    parts = []
    for acc in dict.fromkeys(each.accumulator for each in rows):
        group = [each for each in rows if each.accumulator == acc]
        if len(group) < _FEW or area is None:
            continue
        low, high = (end(group, key=_value_of(area)) for end in (min, max))
        parts.append(
            f"{acc} from {low.formats} ({_number(low, area)}) to {high.formats} "
            f"({_number(high, area)})"
        )
    if parts:
        yield f"Smallest and largest format in an accumulator: {'; '.join(parts)}."


def _structures(points: Sequence[ReportPoint]) -> Iterator[str]:
    """How far a unit's core can be moved between area and delay."""
    curves = [each for each in points if each.source.startswith("curve/")]
    curves = [each for each in curves if None not in (each.area_um2, each.delay_ns)]
    for source in dict.fromkeys(each.source for each in curves):
        rows = [each for each in curves if each.source == source]
        fast = min(rows, key=lambda each: (each.delay_ns, each.area_um2))
        small = min(rows, key=lambda each: (each.area_um2, each.delay_ns))
        yield (
            f"The core of {fast.unit} in {fast.library}: from {small.delay_ns:.2f} ns in "
            f"{small.area_um2:,.0f} µm² ({small.goal}) to {fast.delay_ns:.2f} ns in "
            f"{fast.area_um2:,.0f} µm² ({fast.goal})."
        )


def _peers(points: Sequence[ReportPoint]) -> Iterator[str]:
    """Our smallest core beside the smallest other one that computes the same."""
    rows = [each for each in points if each.source == "peers" and each.area_ge is not None]
    rows = [each for each in rows if each.goal.endswith("mapped for area")]
    for unit in dict.fromkeys(each.unit for each in rows):
        ours = [each for each in rows if each.unit == unit and each.is_ours]
        same = [each for each in rows if each.unit == unit and each.design.endswith(", same")]
        if not (ours and same):
            continue
        mine, theirs = (min(group, key=_value_of("area_ge")) for group in (ours, same))
        name = theirs.design.removesuffix(", same")
        yield (
            f"{unit}, mapped for area: our smallest core has {_number(mine, 'area_ge')}, the "
            f"smallest of {_many(len(same), 'other design')} that "
            f"{'computes' if len(same) == 1 else 'compute'} the same has "
            f"{_number(theirs, 'area_ge')} ({name})."
        )


def _proofs(points: Sequence[ReportPoint]) -> Iterator[str]:
    told = {
        (each.unit, each.goal, each.shape): each.proved
        for each in points
        if each.proved is not None and each.source.split("/")[0] in ("grid", "curve", "sweep")
    }
    if told:
        yield (
            f"Of {_many(len(told), 'circuit')} in {_names(points)}, "
            f"{sum(told.values()):,} are proved for all operands and states."
        )


def _names(points: Sequence[ReportPoint]) -> str:
    is_sweep = any(each.source == "sweep" for each in points)
    return "the sweep" if is_sweep else "the grid and the curves"
