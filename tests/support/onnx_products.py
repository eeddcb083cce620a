"""Variants of convolutions, of products of matrices, Gemm and Einsum."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from onnx import TensorProto
from onnx_build import Graph, Recipe, edges

__all__ = ["product_recipes"]

Named = Iterator[tuple[str, list[int], Recipe]]


def product_recipes() -> Named:
    """Products that are written as such: name, opsets, and how the nodes are made."""
    for recipes in (_convolutions, _transposed, _matmuls, _gemms, _einsums):
        yield from recipes()


def _convolutions() -> Named:
    sides, kernels = (7, 6, 5), (3, 2, 3)
    choices: tuple[dict[str, Any], ...] = (
        {},
        {"strides": (2, 1, 2)},
        {"dilations": (2, 1, 1)},
        {"group": 2},
        {"group": 4, "strides": (1, 2, 3)},
        {"strides": (3, 2, 1), "kernel_shape": True},
        {"strides": (2, 2, 2), "dilations": (1, 2, 1)},
    )
    opsets = edges("Conv")
    cases = product((1, 2, 3), ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"), choices)
    for n, (axes, auto_pad, chosen) in enumerate(cases):

        def recipe(
            g: Graph, n: int = n, axes: int = axes, auto: str = auto_pad, how: Any = chosen
        ) -> str:
            group, pads = how.get("group", 1), [1, 0, 2, 2, 1, 0][: 2 * axes]
            w = g.weight(8, 4 // group, *kernels[:axes])
            return g.add(
                *("Conv", g.given(4, *sides[:axes]), w, *([g.weight(8)] if n % 2 else [])),
                auto_pad=auto if auto != "NOTSET" or n % 3 else None,
                pads=pads if auto == "NOTSET" and n % 4 else None,
                group=group if group > 1 else None,
                kernel_shape=kernels[:axes] if how.get("kernel_shape") else None,
                strides=how["strides"][:axes] if "strides" in how else None,
                dilations=how["dilations"][:axes] if "dilations" in how else None,
            )

        label = "-".join(f"{key}{value}".replace(" ", "") for key, value in chosen.items())
        yield f"Conv{axes}d-{auto_pad}-{label or 'plain'}", opsets, recipe

    def computed_filters(g: Graph) -> str:
        """Filters that follow from what is given: a product of two activations."""
        w = (
            g.add("ReduceMax", g.given(4, 3, 2), keepdims=0, axes=[0])
            if g.opset < 18
            else g.axes("ReduceMax", g.given(4, 3, 2), [0], 18, keepdims=0)
        )
        w = g.axes("Unsqueeze", w, [1], 13)
        return g.add("Conv", g.given(1, 6, 5), w)

    yield "Conv-computed-filters", edges("Conv", "ReduceMax"), computed_filters


def _transposed() -> Named:
    sides, kernels = (4, 3, 3), (3, 2, 3)
    choices: tuple[dict[str, Any], ...] = (
        {},
        {"strides": (2, 3, 1)},
        {"strides": (2, 2, 2), "output_padding": (1, 0, 1)},
        {"dilations": (2, 1, 2)},
        {"group": 2, "strides": (2, 1, 2)},
        {"strides": (3, 2, 2), "output_shape": (11, 7, 6)},
        {"group": 4},
        {"strides": (2, 2, 2), "dilations": (1, 2, 1), "pads": True},
    )
    opsets = edges("ConvTranspose")
    cases = product((1, 2, 3), ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"), choices)
    for n, (axes, auto_pad, chosen) in enumerate(cases):

        def recipe(
            g: Graph, n: int = n, axes: int = axes, auto: str = auto_pad, how: Any = chosen
        ) -> str:
            group = how.get("group", 1)
            w = g.weight(4, 6 // group if group < 4 else 1, *kernels[:axes])
            several = {
                key: list(value[:axes])
                for key, value in how.items()
                if key in ("strides", "dilations", "output_padding", "output_shape")
            }
            channels = 6 if group < 4 else 4
            return g.add(
                *("ConvTranspose", g.given(4, *sides[:axes]), w),
                *([g.weight(channels)] if n % 2 else []),
                auto_pad=auto if auto != "NOTSET" or n % 3 else None,
                pads=[1, 0, 1, 0, 1, 1][: 2 * axes] if auto == "NOTSET" and "pads" in how else None,
                group=group if group > 1 else None,
                **several,
            )

        label = "-".join(f"{key}{value}".replace(" ", "") for key, value in chosen.items())
        yield f"ConvTranspose{axes}d-{auto_pad}-{label or 'plain'}", opsets, recipe


def _matmuls() -> Named:
    weights = ((6, 5), (6,), (2, 6, 5), (1, 6, 5), (3, 2, 6, 5), (1, 1, 6, 5))
    for given, weight in product(((6,), (4, 6), (2, 4, 6), (3, 2, 4, 6)), weights):
        outer = given[:-2]
        if len(weight) > 2 and len(given) < 2:
            continue
        if any(
            a != b and 1 not in (a, b) for a, b in zip(outer[::-1], weight[:-2][::-1], strict=False)
        ) or len(weight) - 2 > len(outer):
            continue

        def right(g: Graph, given: Any = given, weight: Any = weight) -> str:
            return g.add("MatMul", g.given(*given), g.weight(*weight))

        yield f"MatMul-{given}x{weight}".replace(" ", ""), edges("MatMul"), right
    for weight, given in (
        ((5, 6), (6, 3)),
        ((6,), (6, 3)),
        ((5, 6), (2, 6, 3)),
        ((2, 5, 6), (2, 6, 3)),
    ):

        def left(g: Graph, given: Any = given, weight: Any = weight) -> str:
            return g.add("MatMul", g.weight(*weight), g.given(*given))

        yield f"MatMul-weight{weight}x{given}".replace(" ", ""), edges("MatMul"), left
    for a, b in (
        *(((4, 6), (6, 5)), ((2, 4, 6), (2, 6, 5)), ((1, 4, 6), (3, 6, 5)), ((3, 4, 6), (1, 6, 5))),
        *(((1, 6), (6, 1)), ((6, 1), (1, 6))),
    ):

        def both(g: Graph, a: Any = a, b: Any = b) -> str:
            return g.add("MatMul", g.given(*a), g.given(*b))

        yield f"MatMul-given{a}x{b}".replace(" ", ""), edges("MatMul"), both

    def square(g: Graph) -> str:
        x = g.given(6)
        return g.add("MatMul", x, g.add("Transpose", x, perm=[1, 0]))

    def shared(g: Graph) -> tuple[str, ...]:
        """One weight in two products, one of them transposed."""
        w = g.weight(6, 6)
        y = g.add("MatMul", g.given(6), w)
        return y, g.add("MatMul", y, g.add("Transpose", w, perm=[1, 0]))

    yield "MatMul-square", edges("MatMul"), square
    yield "MatMul-shared", edges("MatMul"), shared
    for name in ("DOUBLE", "FLOAT16", "INT32", "INT64", "UINT32"):

        def typed(g: Graph, name: str = name, to: int = getattr(TensorProto, name)) -> str:
            x, w = (
                g.add("Mul", each, g.constant(np.float32(4)))
                for each in (g.given(4, 6), g.weight(6, 5))
            )
            if to == TensorProto.UINT32:
                x, w = g.add("Abs", x), g.add("Abs", w)
            x, w = g.add("Cast", x, to=to), g.add("Cast", w, to=to)
            y = g.floats(g.add("MatMul", x, w))
            return g.add("MatMul", y, g.weight(5, 3)) if "INT" in name else y

        yield f"MatMul-{name}", [9, 13, 21] if "INT" in name else [7, 9, 13, 21], typed


def _gemms() -> Named:
    opsets = edges("Gemm")
    thirds = (None, (), (1,), (5,), (1, 5), (1, 1), "given", "column")
    for n, (ta, tb, third) in enumerate(product((0, 1), (0, 1), thirds)):
        chosen = [each for each in opsets if each >= 11] if third is None else opsets

        def recipe(g: Graph, n: int = n, ta: int = ta, tb: int = tb, third: Any = third) -> str:
            a = g.given(6)
            a = g.add("Transpose", a, perm=[1, 0]) if ta else a
            b = g.weight(5, 6) if tb else g.weight(6, 5)
            c = []
            if third == "given":
                c = [g.given(5)]
            elif third == "column":
                c = [g.given(1)]
            elif third is not None:
                c = [g.weight(*third)]
            return g.add(
                *("Gemm", a, b, *c),
                transA=ta or None,
                transB=tb or None,
                alpha=(None, 0.5, 1.5)[n % 3],
                beta=(None, 2.0)[n % 2],
            )

        yield f"Gemm-{ta}{tb}-{third}".replace(" ", ""), chosen, recipe

    def given(g: Graph) -> str:
        a = g.given(6)
        return g.add("Gemm", a, g.given(6), transB=1, alpha=0.25)

    def weight_first(g: Graph) -> str:
        y = g.add("Gemm", g.weight(4, 6), g.given(6), g.weight(4, 1), transB=1)
        return g.add("Transpose", y, perm=[1, 0])

    yield "Gemm-given", [11, 12, 13, 21], given
    yield "Gemm-weight-first", opsets, weight_first


def _einsums() -> Named:
    weighted = {
        "nij,jk->nik": ((4, 6), (6, 5)),
        "nij,kj->nik": ((4, 6), (5, 6)),
        "nij,jk->kni": ((4, 6), (6, 5)),
        "nij,jk": ((4, 6), (6, 5)),
        "ni,i->n": ((6,), (6,)),
        "nij,ij->n": ((4, 6), (4, 6)),
        "nhij,hjk->nhik": ((2, 4, 6), (2, 6, 5)),
        "nhi,hik->nk": ((2, 6), (2, 6, 5)),
        "...i,ik->...k": ((4, 6), (6, 5)),
        "n i j , j k -> n i k": ((4, 6), (6, 5)),
        "nij,jkl->nikl": ((4, 6), (6, 2, 5)),
        "nii,ik->nk": ((6, 6), (6, 5)),
        "nij,jj->ni": ((4, 6), (6, 6)),
        "NIj,jK->NIK": ((4, 6), (6, 5)),
        "nij,k->nik": ((4, 6), (5,)),
        "nij,jk->nk": ((4, 6), (6, 5)),
        "ncxy,oc->noxy": ((3, 4, 5), (6, 3)),
    }
    activations = {
        "nid,njd->nij": ((4, 6), (5, 6)),
        "nhid,nhjd->nhij": ((2, 4, 6), (2, 5, 6)),
        "nihd,njhd->nhij": ((4, 2, 6), (5, 2, 6)),
        "nhij,njhd->nihd": ((2, 4, 5), (5, 2, 6)),
        "nij,nij->ni": ((4, 6), (4, 6)),
        "ni,ni->n": ((6,), (6,)),
        "...ij,...jk->...ik": ((2, 4, 6), (2, 6, 5)),
        "nij,njk->nki": ((4, 6), (6, 5)),
        "ni,mi->nm": ((6,), (6,)),
    }
    for name, shapes, first in (
        *((name, shapes, False) for name, shapes in weighted.items()),
        *((name, shapes, True) for name, shapes in activations.items()),
    ):

        def recipe(g: Graph, name: str = name, shapes: Any = shapes, given: bool = first) -> str:
            x = g.given(*shapes[0])
            y = g.add(
                "Einsum", x, g.given(*shapes[1]) if given else g.weight(*shapes[1]), equation=name
            )
            if name.endswith("->kni"):
                y = g.add("Transpose", y, perm=[1, 2, 0])
            return g.add("Transpose", y, perm=[2, 0, 1]) if name == "nij,jk" else y

        # without an arrow letters are in alphabetical order: i, k, n
        yield f"Einsum-{name.replace(' ', '_')}-{'given' if first else 'weight'}", [12, 21], recipe

    def three(g: Graph) -> str:
        x, v, w = g.given(4, 6), g.weight(6, 5), g.weight(5, 3)
        return g.add("Einsum", x, v, w, equation="nij,jk,kl->nil")

    def weight_first(g: Graph) -> str:
        w = g.weight(5, 6)
        return g.add("Einsum", w, g.given(6, 4), equation="oi,nit->not")

    def one(g: Graph) -> str:
        y = g.add("Einsum", g.given(4, 6), equation="nij->nji")
        return g.add("MatMul", y, g.weight(4, 5))

    def outer(g: Graph) -> str:
        y = g.add("Einsum", g.given(4), g.given(5), equation="ni,nj->nij")
        return g.add("MatMul", y, g.weight(5, 3))

    yield "Einsum-outer-before-a-product", [12, 21], outer
    yield "Einsum-three", [12, 21], three
    yield "Einsum-weight-first", [12, 21], weight_first
    yield "Einsum-one-beside-a-product", [12, 21], one
