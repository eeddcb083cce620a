"""What a module is, in words and numbers, for people and for programs."""

from dataclasses import asdict

from fp8mac.gen.steps import step_cases, zero_case
from fp8mac.hw.config.accumulators import FloatAccConfig, IntAccConfig, KulischConfig
from fp8mac.hw.config.formats import FloatFormat, Format, IntFormat, Overflow, Rounding
from fp8mac.hw.config.outputs.output import (
    OutputConfig,
    Requantizer,
    ScaledFloat,
    rounded_name,
)
from fp8mac.hw.config.ports import Port, Shape, ports, stream_ports
from fp8mac.hw.config.structure import Built, Goal, Structure
from fp8mac.hw.config.unit import MacConfig

__all__ = [
    "describe",
    "describe_format",
    "describe_output",
    "describe_ports",
    "describe_stream",
    "module_name",
    "output_cases",
    "stream_name",
]


def module_name(config: MacConfig, shape: Shape, *, goal: Built = Goal.AREA) -> str:
    """Name of the top module: the slug, ``_speed`` if built for it, ``_core`` if it is the core.

    Where it is built with another structure, that is named in place of the goal.
    """
    return config.slug + Structure.of(goal).suffix + "_core" * (shape is Shape.CORE)


def describe(config: MacConfig, shape: Shape, *, goal: Built = Goal.AREA) -> dict[str, object]:
    """What a program has to know of a module, as JSON types.

    Returns
    -------
    dict
        ``module``, ``kind``, ``goal``, ``slug``, ``operands``, ``accumulator``, ``latency_cycles``,
        ``products_per_cycle``, ``product_bits``, ``acc_bits``, ``acc_lsb_exponent`` (of a
        fixed-point accumulator), ``ports`` in order, ``special_cases``; of several lanes
        ``lane_bits``: lane k has bits ``k * lane_bits`` and up of an operand.
    """
    acc = config.accumulator
    return {
        "module": module_name(config, shape, goal=goal),
        "kind": shape.value,
        "goal": goal.value,
        "slug": config.slug,
        "operands": {"a": describe_format(config.a), "b": describe_format(config.b)},
        "accumulator": _describe_accumulator(config) | _describe_segments(config),
        "latency_cycles": config.latency_cycles if shape.is_registered else 0,
        "products_per_cycle": config.products_per_cycle,
        "product_bits": config.product_bits,
        "acc_bits": config.acc_bits,
        "acc_lsb_exponent": None
        if isinstance(acc, FloatAccConfig)
        else config.product_lsb_exponent,
        "ports": describe_ports(ports(config, shape)),
        "special_cases": _special_cases(config),
        **({"lane_bits": {"a": config.a.bits, "b": config.b.bits}} if _is_dot(config) else {}),
        **({"output": describe_output(config.output)} if config.output else {}),
    }


def stream_name(config: MacConfig, *, goal: Built = Goal.AREA) -> str:
    """Name of the top module of a unit between two streams."""
    return module_name(config, Shape.UNIT, goal=goal) + "_stream"


def describe_stream(config: MacConfig, *, goal: Built = Goal.AREA) -> dict[str, object]:
    """As `describe`, of a unit between two streams; its ``kind`` is ``stream``."""
    return describe(config, Shape.UNIT, goal=goal) | {
        "module": stream_name(config, goal=goal),
        "kind": "stream",
        "ports": describe_ports(stream_ports(config)),
    }


def describe_ports(table: tuple[Port, ...]) -> list[dict[str, object]]:
    """Ports as JSON types, in their order."""
    return [
        {
            "name": port.name,
            "direction": port.direction,
            "bits": port.bits,
            "meaning": port.meaning,
        }
        for port in table
    ]


def _is_dot(config: MacConfig) -> bool:
    """Whether several products are added in a step."""
    return config.products_per_cycle > 1


def describe_format(format_: Format) -> dict[str, object]:
    """A format, as JSON types."""
    facts: dict[str, object] = {"name": format_.name, "bits": format_.bits}
    if isinstance(format_, FloatFormat):
        facts |= {
            "exponent_bits": format_.exponent_bits,
            "mantissa_bits": format_.mantissa_bits,
            "bias": format_.bias,
            "specials": format_.specials.value,
        }
    else:
        facts["symmetric"] = format_.symmetric
    return facts


def _describe_accumulator(config: MacConfig) -> dict[str, object]:
    match config.accumulator:
        case KulischConfig(guard_bits) as acc:
            return {"name": acc.name, "kind": "kulisch", "guard_bits": guard_bits}
        case IntAccConfig(_, overflow) as acc:
            return {"name": acc.name, "kind": "int", "overflow": overflow.value}
        case FloatAccConfig(format_, rounding, overflow, subnormals) as acc:
            return {
                "name": acc.name,
                "kind": "float",
                "format": describe_format(format_),
                "rounding": rounding.value,
                "overflow": overflow.value,
                "subnormals": subnormals,
                **({"random_bits": acc.random_bits} if acc.random_bits else {}),
            }
        case other:  # what is new has its parameters' names until this says more
            return {"name": other.name, "kind": other.name.rstrip("0123456789")} | asdict(other)


def _describe_segments(config: MacConfig) -> dict[str, object]:
    """Where the carries of an accumulator in segments count, and how its sum is read."""
    if config.segment_bits is None:
        return {}
    return {
        "segment_bits": config.segment_bits,
        "carry_places": list(config.carry_places),
        "resolve": config.resolve and config.resolve.value,
    }


def describe_output(output: OutputConfig) -> dict[str, object]:
    """What sums leave as, as JSON types."""
    if isinstance(output, Requantizer):
        return {
            "name": output.name,
            "format": describe_format(output.format),
            "rounding": output.rounding.value,
            "overflow": Overflow.SATURATE.value,
            "multiplier_bits": output.multiplier_bits,
        }
    return {
        "name": output.name,
        "format": describe_format(output.format),
        "rounding": output.rounding.value,
        "overflow": output.overflow.value,
        "subnormals": output.subnormals,
        **({"shift_bits": output.shift_width} if isinstance(output, ScaledFloat) else {}),
    }


def _special_cases(config: MacConfig) -> list[str]:
    """Sentences about everything that is not plain arithmetic."""
    cases = []
    acc = config.accumulator
    match acc:
        case KulischConfig(guard_bits):
            cases.append(f"Exact: holds any sum of {2**guard_bits} products; beyond that it wraps.")
        case IntAccConfig(_, overflow):
            wraps = overflow is Overflow.WRAP
            after = " once all products of a step are added" if _is_dot(config) else ""
            end = f"becomes its nearest end{after}."
            cases.append("A sum outside the range " + ("wraps." if wraps else end))
        case FloatAccConfig():
            cases += _float_cases(config, acc)
    if config.flags == ("nan",):
        cases.append("A NaN operand raises nan; acc is not specified while it is up.")
    elif config.flags:
        cases.append(
            "An infinite product raises pos_inf or neg_inf, a NaN product both; both up mean NaN, "
            "and acc is not specified while one is up."
        )
    if config.output is not None:
        cases += output_cases(config, config.output)
    for format_ in dict.fromkeys((config.a, config.b)):
        if getattr(format_, "symmetric", False):
            cases.append(f"The {format_.name} code {1 << (format_.bits - 1):#x} must not occur.")
    return cases


def output_cases(config: MacConfig, output: OutputConfig) -> list[str]:
    """Sentences about what sums leave as."""
    how = "toward zero" if output.rounding is Rounding.RTZ else "to nearest even"
    if isinstance(output, Requantizer):
        times = " * multiplier" * (output.multiplier_bits > 0)
        raised = ["out is not specified while a flag is up."] if config.flags else []
        said = (
            f"out is sum{times} / 2**shift, rounded once to {output.format.name}, {how}; beyond "
            "its range it is the nearest end. The sum counts units of 2**acc_lsb_exponent."
        )
        return [said, *raised]
    scaled = isinstance(output, ScaledFloat)
    what = "sum / 2**shift, shift being signed" if scaled else "the sum"
    cases = [f"out is {what}, rounded once to {rounded_name(output)}, {how}; zero is +0."]
    if config.flags:
        nan = output.format.has_nan
        cases.append(
            f"While a flag is up, out is {'NaN' if nan else 'not specified where it is NaN'}"
            + (", or an infinity as the format has it." if len(config.flags) == 2 else ".")
        )
    return cases


def _float_cases(config: MacConfig, acc: FloatAccConfig) -> list[str]:
    format_ = acc.format
    cases = step_cases(config, acc)
    largest = f"the largest number, {float(format_.max):g}"
    special = "infinity" if format_.has_inf else "NaN" if format_.has_nan else largest
    saturates = acc.overflow is Overflow.SATURATE
    stops = acc.rounding is Rounding.RTZ and acc.overflow is not Overflow.TO_INF
    finite = saturates or stops
    cases.append(
        f"A finite sum beyond the largest number becomes {largest if finite else special}."
    )
    infinite = config.a.has_inf or config.b.has_inf
    if format_.has_inf:
        cases.append("An infinite product or accumulator gives infinity.")
    elif format_.has_nan and infinite:
        cases.append(
            f"An infinite product gives {f'{largest}, with its sign' if saturates else 'NaN'}."
        )
    if format_.nan_code is not None:
        causes = ["A NaN operand"] if config.a.has_nan or config.b.has_nan else []
        causes += ["infinity * 0"] if infinite else []
        causes += ["infinity - infinity"] if infinite and format_.has_inf else []
        causes += [f"{'a' if causes else 'A'} NaN accumulator"]
        cases.append(f"{_list(causes)} give{'s' * (len(causes) == 1)} the NaN {_nan(format_)}.")
    signed = format_.has_negative_zero
    if acc.flushes:
        cases.append(
            "Subnormal operands and accumulators count as +0; a result that is subnormal after "
            "rounding becomes a zero of its sign."
        )
    elif acc.subnormals:
        cases.append("Subnormal numbers are kept.")
    else:
        cases.append(
            "A subnormal accumulator counts as zero, and a sum that is subnormal before rounding "
            f"becomes zero{'; both keep their sign' * signed}. Operands keep their subnormals."
        )
    cases.append(zero_case(acc))
    if signed and (isinstance(config.a, IntFormat) or isinstance(config.b, IntFormat)):
        cases.append("An integer is the float that it converts to: 0 is +0, and 0 * -1 is -0.")
    return cases


def _nan(format_: FloatFormat) -> str:
    return f"{format_.bits}'h{format_.nan_code:x}"


def _list(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
