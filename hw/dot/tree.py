"""Sums by a tree of adders, each of which rounds as the accumulator does."""

from amaranth.hdl import Module, Value

from fp8mac.hw.config.formats import TermCut
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.late import added
from fp8mac.hw.dot.windows.finish import finish
from fp8mac.hw.dot.windows.frame import Frame, acc_of
from fp8mac.hw.dot.windows.join import Kept, join
from fp8mac.hw.dot.windows.terms import Addend, SpecialTerms, Sum, Term, read_acc, read_products

__all__ = ["tree"]


def tree(m: Module, config: MacConfig, a: Value, b: Value, c: Value) -> Value:
    """Code of the accumulator and the root of a tree of products."""
    acc = acc_of(config)
    frame = Frame(config, config.products_per_cycle, with_acc=False)
    products = read_products(m, frame, a, b)
    if config.summation.products.rounded and not _are_exact(frame):
        codes = [_rounded(m, frame, each, f"product_{k}_") for k, each in enumerate(products)]
        nodes = [read_acc(m, acc, code, f"leaf_{k}") for k, code in enumerate(codes)]
    else:
        pairs = list(zip(products[::2], products[1::2], strict=True))
        nodes = [
            read_acc(m, acc, _pair(m, frame, x, y, f"leaf_{k}"), f"node_{k}")
            for k, (x, y) in enumerate(pairs)
        ]
    level = 0
    while len(nodes) > 1:
        level += 1
        pairs = list(zip(nodes[::2], nodes[1::2], strict=True))
        codes = [added(m, f"add_{level}_{k}", acc, pair) for k, pair in enumerate(pairs)]
        nodes = [read_acc(m, acc, code, f"node_{level}_{k}") for k, code in enumerate(codes)]
    return added(m, "last", acc, [read_acc(m, acc, c), nodes[0]])


def _are_exact(frame: Frame) -> bool:
    """Whether all products are numbers of the accumulator, so that rounding leaves them alone."""
    format_ = frame.acc.format
    lowest = frame.lowest + frame.exponent_offset - frame.product_fraction_bits
    return (
        frame.products.significand_bits <= format_.precision
        and lowest >= 1 - format_.mantissa_bits
        and frame.highest + 1 + frame.exponent_offset <= format_.emax + format_.exponent_bias
        and not frame.acc.flushes | (not frame.acc.subnormals)
    )


def _rounded(m: Module, frame: Frame, product: Term, name: str) -> Value:
    """Code of a product, rounded as the accumulator is."""
    number = Addend.of_product(m, product, frame, name)
    width = len(product.significand) + 1
    value = (product.significand ^ product.sign.replicate(width)) + product.sign
    total = Sum(
        value[:width],
        number.exponent,
        product.present,
        number.fraction_bits,
        number.lowest,
        number.highest,
    )
    return finish(m, frame.acc, total, SpecialTerms.of([product]), name=f"{name}rounded")


def _pair(m: Module, frame: Frame, x: Term, y: Term, name: str) -> Value:
    """Code of the sum of two products."""
    kept = max(frame.acc.format.precision, frame.product_fraction_bits) + 2
    parts = [
        Kept(Addend.of_product(m, each, frame, f"{name}_{side}"), kept)
        for side, each in enumerate((x, y))
    ]
    total = join(m, f"{name}_join", parts, TermCut.ODD)
    return finish(m, frame.acc, total, SpecialTerms.of([x, y]), name=f"{name}_finish")
