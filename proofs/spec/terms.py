"""What a step of several float products has to give: terms, windows, one rounding.

Exponents are bit-vectors of `EXPONENT_BITS`, signed; sums are integers in two's complement.

# Ref: arXiv:2511.10909 (how matrix units add), IEEE 754-2019, section 4.3 (rounding)
"""

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.formats import FloatFormat, Overflow, Rounding, Specials, TermCut, ZeroSign
from fp8mac.proofs.spec.stochastic import drawn, drawn_limit
from fp8mac.proofs.spec.theory import BINARY64, BINARY128, Sort, all_of, any_of, bits, widen

__all__ = [
    "EXPONENT_BITS",
    "acc_terms",
    "can_claim",
    "cut_off",
    "exponent",
    "is_largest",
    "result_claim",
    "result_sorts",
    "signed",
    "unsigned",
]

EXPONENT_BITS = 16


def exponent(value: int) -> str:
    """A constant exponent."""
    return bits(value, EXPONENT_BITS)


def signed(word: str, width: int, to: int) -> str:
    """A signed vector in so many bits, or its low bits."""
    if to < width:
        return f"((_ extract {to - 1} 0) {word})"
    return f"((_ sign_extend {to - width}) {word})"


def unsigned(name: str, width: int, to: int = EXPONENT_BITS) -> str:
    """An unsigned word in more bits."""
    return f"((_ zero_extend {to - width}) {name})"


def acc_terms(format_: FloatFormat, code: str, name: str) -> str:
    """Definitions of a code's number: sign, significand, and exponent as it is stored.

    ::

        (<name>_sign)  (<name>_significand)  (<name>_exponent)      at least 1
        (<name>_nan)   (<name>_inf)                                 Booleans
    """
    e_bits, m_bits = format_.exponent_bits, format_.mantissa_bits
    top = e_bits + m_bits
    stored = f"((_ extract {top - 1} {m_bits}) {code})"
    mantissa = f"((_ extract {m_bits - 1} 0) {code})"
    none = f"(= {stored} {bits(0, e_bits)})"
    wide = f"((_ zero_extend {EXPONENT_BITS - e_bits}) {stored})"
    number = Sort(format_.exponent_bits, format_.precision)
    value = number.of_code(widen(format_, code, number))
    vector = f"(_ BitVec {format_.precision})"
    return (
        f"(define-fun {name}_sign () (_ BitVec 1) ((_ extract {top} {top}) {code}))\n"
        f"(define-fun {name}_significand () {vector} (concat (ite {none} #b0 #b1) {mantissa}))\n"
        f"(define-fun {name}_exponent () (_ BitVec {EXPONENT_BITS})"
        f" (ite {none} {exponent(1)} {wide}))\n"
        f"(define-fun {name}_nan () Bool (fp.isNaN {value}))\n"
        f"(define-fun {name}_inf () Bool (fp.isInfinite {value}))\n"
    )


def is_largest(largest: str, terms: list[tuple[str, str]]) -> str:
    """Whether an exponent is the largest of those that count.

    Parameters
    ----------
    terms : list of tuple
        Of each term whether it counts, a Boolean, and its exponent.
    """
    below = all_of(f"(=> {counts} (bvsge {largest} {each}))" for counts, each in terms)
    one = any_of(f"(and {counts} (= {largest} {each}))" for counts, each in terms)
    return f"(and {below} {one})"


def cut_off(
    significand: str,
    width: int,
    sign: str,
    distance: str,
    *,
    fraction_bits: int,
    kept_bits: int,
    cut: TermCut,
) -> tuple[str, int]:
    """What is left of a term in a window, in units of the window's last place.

    Parameters
    ----------
    significand, width : str, int
        Magnitude in units of ``2**(e - fraction_bits)``, and how wide it is.
    sign : str
        One bit.
    distance : str
        How far the term's exponent ``e`` is below the largest one, at least 0.
    kept_bits : int
        Places of the window below the largest exponent.
    cut : TermCut
        What becomes of what is below.

    Returns
    -------
    str
        The integer in two's complement.
    int
        Its width.
    """
    wide = max(width + kept_bits, EXPONENT_BITS) + 1
    whole = f"(bvshl ((_ zero_extend {wide - width}) {significand}) {bits(kept_bits, wide)})"
    far = f"(bvadd {distance} {exponent(fraction_bits)})"
    far = f"((_ zero_extend {wide - EXPONENT_BITS}) {far})"
    left = "(bvlshr whole far)"
    more = {
        TermCut.TRUNCATE: "left",
        TermCut.ODD: f"(ite lost (bvor left {bits(1, wide)}) left)",
        TermCut.FLOOR: f"(ite (and lost (= {sign} #b1)) (bvadd left {bits(1, wide)}) left)",
    }[cut]
    text = (
        f"(let ((whole {whole}) (far {far}))\n (let ((left {left}))\n"
        f" (let ((lost (not (= (bvshl left far) whole))))\n"
        f" (let ((kept ((_ zero_extend 1) {more}))) (ite (= {sign} #b1) (bvneg kept) kept)))))"
    )
    return text, wide + 1


def can_claim(acc: FloatAccConfig) -> bool:
    """Whether `result_claim` says what becomes of a sum: of IEEE 754's formats, subnormals too."""
    format_ = acc.format
    ieee = format_.specials is Specials.IEEE and format_.bias == format_.default_bias
    signs = acc.rounding is not Rounding.STOCHASTIC or acc.zero is not ZeroSign.PLUS
    return ieee and signs and acc.subnormals and not acc.flushes


def result_sorts(acc: FloatAccConfig, width: int) -> tuple[Sort, Sort]:
    """Sorts of the exact sum, and of the rounded one, or truncated before a random number."""
    exact = BINARY64 if width <= BINARY64.precision else BINARY128
    if width > exact.precision:
        exact = Sort(exact.exponent_bits, width)
    return exact, Sort(acc.format.exponent_bits, acc.format.precision + (acc.random_bits or 0))


def result_claim(
    acc: FloatAccConfig,
    y: str,
    *,
    value: str,
    width: int,
    power: str,
    negative: str,
    nan: str,
    pos_inf: str,
    neg_inf: str,
    given: str = "true",
) -> str:
    """Claim that ``y`` is ``value * 2**power``, rounded once; ``x`` and ``s`` must not be taken.

    Where it is rounded stochastically, ``random`` is the random number.

    Parameters
    ----------
    value, width : str, int
        Integer in two's complement.
    power : str
        An exponent.
    negative, nan, pos_inf, neg_inf : str
        Booleans: all terms are negative; what terms there are that are no numbers.
    given : str
        What is known where all terms are numbers.
    """
    format_ = acc.format
    exact, own = result_sorts(acc, width)
    field = f"(bvadd {power} {exponent(exact.bias)})"
    field = f"((_ extract {exact.exponent_bits - 1} 0) {field})"
    scale = exact.of_code(f"(concat #b0 {field} {bits(0, exact.precision - 1)})")
    number = f"(fp.mul RNE {exact.convert(value)} {scale})"
    mode = "RNE" if acc.rounding is Rounding.RNE else "RTZ"
    size = format_.bits
    top = f"((_ extract {size - 1} {size - 1}) {y})"
    right = f"(= {own.convert('x', mode)} {own.of_code(y)})"
    to_special = acc.overflow is Overflow.TO_SPECIAL and acc.rounding is not Rounding.RTZ
    to_inf = to_special or acc.overflow is Overflow.TO_INF
    beyond = _coded(format_, y, "x", format_.inf_code if to_inf else format_.max_code)
    if acc.random_bits:
        largest = widen(format_, bits(format_.max_code, size), own)
        above = f"(fp.geq (fp.abs s) {drawn_limit(acc, own, largest)})"
        right = f"(let ((s {own.convert('x', mode)}))\n (ite {above} {beyond}\n {drawn(acc, own)}))"
    if acc.rounding is Rounding.ODD:
        # The number toward zero if that is exact, else the one of the two that is odd.
        even = f"(concat ((_ extract {size - 1} 1) {y}) #b0)"
        down = f"(let ((t {own.convert('x', 'RTZ')}))"
        odd = f"(or (= t {own.of_code(y)}) (= t {own.of_code(even)}))"
        right = (
            f"{down} (ite (= {exact.convert('t')} x) (= t {own.of_code(y)})"
            f" (and (= ((_ extract 0 0) {y}) #b1) {odd})))"
        )
    if mode == "RTZ":
        limit = exact.power_of_two(format_.emax + 1)
        right = f"(ite (fp.geq (fp.abs x) {limit}) {beyond}\n {right})"
    elif acc.overflow is Overflow.SATURATE:
        right = f"(ite (fp.isInfinite {own.convert('x', mode)}) {beyond}\n {right})"
    if acc.zero is ZeroSign.PLUS:
        zero = f"(= {y} {bits(0, size)})"
        right = f"(ite (fp.isZero {own.convert('x', mode)}) {zero}\n {right})"
    minus = "false" if acc.zero is not ZeroSign.IEEE else negative
    none = f"(= {y} (ite {minus} {bits(format_.sign_code, size)} {bits(0, size)}))"
    finite = f"(let ((x {number}))\n (ite (= {value} {bits(0, width)}) {none}\n {right}))"
    inf = bits(format_.inf_code or 0, size - 1)
    rest = f"((_ extract {size - 2} 0) {y})"
    infinite = f"(and (= {rest} {inf}) (= {top} (ite {neg_inf} #b1 #b0)))"
    nothing = f"(= {y} {bits(format_.nan_code or 0, size)})"
    return (
        f"(ite (or {nan} (and {pos_inf} {neg_inf})) {nothing}\n"
        f" (ite (or {pos_inf} {neg_inf}) {infinite}\n (=> {given}\n {finite})))"
    )


def _coded(format_: FloatFormat, y: str, number: str, code: int | None) -> str:
    """Whether ``y`` is a code with the sign of a number."""
    plus, minus = (bits((code or 0) + sign, format_.bits) for sign in (0, format_.sign_code))
    return f"(= {y} (ite (fp.isNegative {number}) {minus} {plus}))"
