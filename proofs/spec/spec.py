"""What a unit has to compute, as SMT-LIB formulas over the theory of floating-point numbers.

Nothing here was taken from a circuit. IEEE 754, as SMT-LIB states it, does the arithmetic: a step
of a unit with a float accumulator is ``fp.fma``, which rounds once. What is left to say, and to
check by eye, is what a code stands for (`fp8mac.proofs.spec.theory`), what becomes of numbers out
of range, and what the clocked unit does with enable, clear and reset.

# Ref: SMT-LIB, theory FloatingPoint; IEEE 754-2019, section 5.4.1 (fusedMultiplyAdd)
"""

from fp8mac.hw.config.accumulators import FloatAccConfig, IntAccConfig, Resolve
from fp8mac.hw.config.formats import FloatFormat, IntFormat, Overflow, Rounding
from fp8mac.hw.config.outputs.output import Requantizer, ScaledFloat
from fp8mac.hw.config.ports import Port, Role, Shape, named, ports
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.spec.outputs import boxed_claim, divided, integer_claim
from fp8mac.proofs.spec.register import settling, value, zero_claim
from fp8mac.proofs.spec.sorts import (
    adds_integers,
    is_plain,
    output_sorts,
    product_sort,
    sorts_of,
)
from fp8mac.proofs.spec.stochastic import drawn, drawn_limit
from fp8mac.proofs.spec.theory import (
    Sort,
    all_of,
    any_of,
    bits,
    decode,
    extend,
    times_power_of_two,
    widen,
)

__all__ = ["core_claim", "definitions", "port_after", "rounded_claim", "sum_claim", "unit_claim"]


def definitions(config: MacConfig, *, any_nan: bool = False) -> str:
    """Functions that the claims use.

    ::

        (step a b c y)       whether y is what c + a * b has to give; (step a b random c y) where
                             it is rounded stochastically
        (raises_<flag> a b)  whether a * b raises a flag
        (product a b)        of integers: a * b, as wide as the accumulator
        (add c p y)          of integers: whether y is what c + p has to give

    Parameters
    ----------
    any_nan : bool
        Accept every NaN of the accumulator's format where a result is NaN.
    """
    operands = f"(a (_ BitVec {config.a.bits})) (b (_ BitVec {config.b.bits}))"
    word = f"(_ BitVec {config.acc_bits})"
    acc = config.accumulator
    text, body = "", "(add c (product a b) y)"
    if adds_integers(config):
        text = f"(define-fun product ({operands}) {word}\n {_integer_product(config)})\n"
        text += (
            f"(define-fun add ((c {word}) (p {word}) (y {word})) Bool\n {_integer_sum(config)})\n"
        )
    elif isinstance(acc, FloatAccConfig):
        body = _float_step(config, acc, any_nan)
    else:
        units = times_power_of_two("p", product_sort(config), -config.product_lsb_exponent)
        integer = f"((_ fp.to_sbv {config.acc_bits}) RTZ {units})"
        body = f"(let ((p {_float_product(config)}))\n (= y (bvadd c {integer})))"
    for flag in config.flags:
        term = f"(let ((p {_float_product(config)}))\n {_RAISED[flag]})"
        text += f"(define-fun raises_{flag} ({operands}) Bool\n {term})\n"
    body = any_of([*_excluded(config), body])
    random = f" (random (_ BitVec {config.random_bits}))" if config.random_bits else ""
    return text + f"(define-fun step ({operands}{random} (c {word}) (y {word})) Bool\n {body})\n"


_RAISED = {
    "nan": "(fp.isNaN p)",
    "pos_inf": "(or (fp.isNaN p) (and (fp.isInfinite p) (fp.isPositive p)))",
    "neg_inf": "(or (fp.isNaN p) (and (fp.isInfinite p) (fp.isNegative p)))",
}


def core_claim(config: MacConfig) -> str:
    """Claim about the ports of a core: any result will do under a flag."""
    table = ports(config, Shape.CORE)
    operands = " ".join(named(table, Role.OPERAND))
    before = value(config, *named(table, Role.STATE, Role.CARRY_STATE))
    after = value(config, *named(table, Role.RESULT, Role.CARRY))
    step = f"(step {_given(table)} {before} {after})"
    flags = [f"(= (= {flag} #b1) (raises_{flag} {operands}))" for flag in config.flags]
    raised = [f"(= {flag} #b1)" for flag in config.flags]
    return all_of([*flags, any_of([*raised, step])])


def _given(table: tuple[Port, ...]) -> str:
    """What a step gets beside the accumulator."""
    return " ".join(named(table, Role.OPERAND, Role.RANDOM))


def port_after(port: str, edges: int) -> str:
    """Name of an input as it is so many edges after that which takes the operands."""
    return port if edges == 0 else f"{port}_after{edges if edges > 1 else ''}"


def unit_claim(config: MacConfig, *, boxed: bool = False) -> str:
    """Claim about as many clock edges of a unit, from any state, as it has stages.

    ``acc`` and flags are the state before the last edge, ``acc_next`` and ``<flag>_next`` the state
    behind it; the same of the carries of an accumulator in segments, whose value is what steps. The
    inputs are those of the first edge; at others only the reset counts, see `port_after`: at the
    last one it ends the state, and before that it drops what is on its way. What sums are rescaled
    with as they leave is that before the last edge.

    Parameters
    ----------
    boxed : bool
        Claim of an output stage, whose ports are ``output_value``, ``output_code``, and so on, no
        more than that it is given what it has to be, and that ``out`` is what it gives.
    """
    table = ports(config, Shape.UNIT)
    operands = " ".join(named(table, Role.OPERAND))
    (rst,), (en, clear) = named(table, Role.RESET), named(table, Role.CONTROL)
    flags = named(table, Role.FLAG)
    words = (*named(table, Role.RESULT, Role.CARRY),)
    words_next = tuple(f"{word}_next" for word in words)
    before, after = value(config, *words), value(config, *words_next)
    reset = [zero_claim(config, *words_next), *(f"(= {flag}_next #b0)" for flag in flags)]
    holds = all_of([f"(= {word}_next {word})" for word in words])
    if config.resolve is Resolve.IDLE:
        holds = all_of([f"(= {after} {before})", settling(config, words_next[1], words[1])])
    hold = any_of([*(f"(= {flag} #b1)" for flag in flags), holds])
    held = [hold, *(f"(= {flag}_next {flag})" for flag in flags)]
    sticky = [
        f"(= (= {flag}_next #b1)"
        f" (or (raises_{flag} {operands}) (and (= {clear} #b0) (= {flag} #b1))))"
        for flag in flags
    ]
    zero = bits(0, config.acc_bits)
    step = f"(step {_given(table)} (ite (= {clear} #b1) {zero} {before}) {after})"
    stepped = [*sticky, any_of([*(f"(= {flag}_next #b1)" for flag in flags), step])]
    edge = f"(ite (= {en} #b0) {all_of(held)}\n {all_of(stepped)})"
    *dropped, last = (port_after(rst, edges) for edges in range(config.stages))
    if dropped:
        drops = any_of([f"(= {each} #b1)" for each in dropped])
        edge = f"(ite {drops} {all_of(held)}\n {edge})"
    edge = f"(ite (= {last} #b1) {all_of(reset)}\n {edge})"
    shown = [f"(= {port} {before})" for port in named(table, Role.SUM)]
    shown += [
        f"(= (= {port} #b1) (= {words[1]} {bits(0, len(config.carry_places))}))"
        for port in named(table, Role.READY)
    ]
    if isinstance(config.output, Requantizer):
        given = {name: port_after(name, config.stages - 1) for name in named(table, Role.RESCALE)}
        whole = integer_claim(config.output, config.acc_bits, before, given)
        claim = boxed_claim(before, given) if boxed else whole
        shown.append(any_of([*(f"(= {flag} #b1)" for flag in flags), claim]))
    elif config.output is not None:
        shown.append(_output_claim(config, config.output, before))
    return all_of([edge, *shown])


def _output_claim(config: MacConfig, output: FloatAccConfig, value: str) -> str:
    """Claim that ``out`` is the register's value, rounded once; NaN or infinity with a flag up."""
    sorts = output_sorts(config)
    exact, format_ = sorts.exact, output.format
    special = {
        name: exact.of_code(bits(code, exact.exponent_bits + exact.precision))
        for name, code in (
            ("nan", -1),
            ("pos_inf", (1 << exact.exponent_bits) - 1 << exact.precision - 1),
            ("neg_inf", (2 << exact.exponent_bits) - 1 << exact.precision - 1),
        )
    }
    power = config.product_lsb_exponent + sorts.scale
    number = times_power_of_two(exact.convert(value), exact, power)
    if isinstance(output, ScaledFloat):
        number = divided(number, exact, port_after("shift", config.stages - 1), output.shift_width)
    for flag in config.flags:
        number = f"(ite (= {flag} #b1) {special[flag]}\n {number})"
    if len(config.flags) == 2:
        both = all_of(f"(= {flag} #b1)" for flag in config.flags)
        number = f"(ite {both} {special['nan']}\n {number})"
    mode = "RTZ" if output.rounding is Rounding.RTZ else "RNE"
    result = rounded_claim(output, sorts.rounded, False, plain=sorts.plain)
    if format_.nan_code is None:
        result = f"(or (fp.isNaN s)\n {result})"
    return (
        f"(let ((x {number}) (y out))\n"
        f" (let ((s {sorts.rounded.convert('x', mode)}) (t {sorts.rounded.convert('x', 'RTZ')})\n"
        f" (y. {sorts.rounded.of_code(widen(format_, 'y', sorts.rounded))}))\n"
        f" {result}))"
    )


def sum_claim(config: MacConfig, c: str, product: str, y: str) -> str:
    """Claim of an integer unit that ``y`` is what ``c + product`` has to give."""
    return any_of([*_excluded(config), f"(add {c} {product} {y})"])


def _excluded(config: MacConfig) -> list[str]:
    """Operands that must not occur: the most negative codes of symmetric integers."""
    return [
        f"(= {name} {bits(1 << (operand.bits - 1), operand.bits)})"
        for name, operand in (("a", config.a), ("b", config.b))
        if isinstance(operand, IntFormat) and operand.symmetric
    ]


def _integer_product(config: MacConfig) -> str:
    width = config.acc_bits
    a, b = extend("a", config.a.bits, width), extend("b", config.b.bits, width)
    return f"(bvmul {a} {b})"


def _integer_sum(config: MacConfig) -> str:
    acc, width = config.accumulator, config.acc_bits
    if not (isinstance(acc, IntAccConfig) and acc.overflow is Overflow.SATURATE):
        return "(= y (bvadd c p))"
    # One more bit holds the exact sum.
    least, most = -(1 << (width - 1)), (1 << (width - 1)) - 1
    total = f"(bvadd {extend('c', width, width + 1)} {extend('p', width, width + 1)})"
    return (
        f"(let ((s {total})) (= y (ite (bvslt s {bits(least, width + 1)}) {bits(least, width)}"
        f" (ite (bvsgt s {bits(most, width + 1)}) {bits(most, width)}"
        f" ((_ extract {width - 1} 0) s)))))"
    )


def _float_product(config: MacConfig) -> str:
    sort = product_sort(config)
    return f"(fp.mul RNE {decode(config.a, 'a', sort)}\n {decode(config.b, 'b', sort)})"


def _float_step(config: MacConfig, acc: FloatAccConfig, any_nan: bool) -> str:
    """``s`` is the rounded sum, ``t`` the one rounded toward zero, ``y.`` the number of y."""
    format_, sorts = acc.format, sorts_of(config)
    mode = "RNE" if acc.rounding is Rounding.RNE else "RTZ"
    c = sorts.rounded.of_code(widen(format_, "c", sorts.rounded))
    if not acc.subnormals:
        width = sorts.rounded.exponent_bits + sorts.rounded.precision
        plus, minus = (sorts.rounded.of_code(bits(sign << (width - 1), width)) for sign in (0, 1))
        c = f"(ite (fp.isSubnormal {c}) (ite (fp.isNegative {c}) {minus} {plus}) {c})"
    y = sorts.rounded.of_code(widen(format_, "y", sorts.rounded))
    total, down = (f"(fp.fma {each} a. b. c.)" for each in (mode, "RTZ"))
    if sorts.exact != sorts.rounded:
        c = sorts.exact.convert(c)
        total, down = (
            sorts.rounded.convert("(fp.fma RNE a. b. c.)", each) for each in (mode, "RTZ")
        )
    toward_zero = "" if acc.subnormals else f" (t {down})"
    return (
        f"(let ((a. {decode(config.a, 'a', sorts.exact, sorts.scale_a)})\n"
        f" (b. {decode(config.b, 'b', sorts.exact, sorts.scale_b)})\n"
        f" (c. {c})\n"
        f" (y. {y}))\n"
        f" (let ((s {total}){toward_zero})\n"
        f" {rounded_claim(acc, sorts.rounded, any_nan, plain=is_plain(config, acc))}))"
    )


def rounded_claim(acc: FloatAccConfig, rounded: Sort, any_nan: bool, *, plain: bool) -> str:
    """Whether ``y`` is what the rounded sum becomes; ``=`` tells the zeros apart."""
    format_ = acc.format
    nan = None
    if format_.nan_code is not None:
        nan = "(fp.isNaN y.)" if any_nan else f"(= y {bits(format_.nan_code, format_.bits)})"
    result = "(= s y.)"
    if acc.random_bits:
        result = drawn(acc, rounded)
    if not format_.has_negative_zero:
        result = f"(ite (fp.isZero s) (= y {bits(0, format_.bits)})\n {result})"
    if not plain:
        beyond = infinite = _is_signed(format_, "s", format_.max_code)
        if format_.inf_code is not None:
            infinite = _is_signed(format_, "s", format_.inf_code)
        elif nan and acc.overflow is Overflow.TO_SPECIAL:
            infinite = nan
        if acc.overflow is Overflow.TO_SPECIAL and acc.rounding is not Rounding.RTZ:
            beyond = infinite
        largest = widen(format_, bits(format_.max_code, format_.bits), rounded)
        above = f"(fp.gt (fp.abs s) {rounded.of_code(largest)})"
        if acc.random_bits:
            above = f"(fp.geq (fp.abs s) {drawn_limit(acc, rounded, largest)})"
        result = f"(ite (fp.isInfinite s) {infinite}\n (ite {above} {beyond}\n {result}))"
    if not acc.subnormals:
        zero = _is_signed(format_, "t", 0)
        result = f"(ite (or (fp.isSubnormal t) (fp.isZero t)) {zero}\n {result})"
    return f"(ite (fp.isNaN s) {nan}\n {result})" if nan else result


def _is_signed(format_: FloatFormat, number: str, code: int) -> str:
    """Whether ``y`` is a code with the sign of a number, where the code has one."""
    positive = bits(code, format_.bits)
    if code == 0 and not format_.has_negative_zero:
        return f"(= y {positive})"
    negative = bits(code + format_.sign_code, format_.bits)
    return f"(= y (ite (fp.isNegative {number}) {negative} {positive}))"
