"""Variants of operators around products: shapes, slices, pictures of other sizes."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from onnx_around import Forms, between
from onnx_build import QUESTIONS, Graph, Recipe, edges

__all__ = ["moved_recipes"]


def moved_recipes() -> Iterator[tuple[str, list[int], Recipe]]:
    """Between two products."""
    for forms in (_shapes, _slices, _resizes):
        yield from between(forms())


def _shapes() -> Forms:
    for axis in (None, 0, 1, 2, 3, -1, -2):
        opsets = edges("Flatten") if axis is None or axis >= 0 else [11, 12, 13, 20, 21]

        def flatten(g: Graph, x: str, axis: Any = axis) -> str:
            y = g.add("Flatten", x, axis=axis)
            return g.add("Reshape", y, g.constant([QUESTIONS, -1], np.int64)) if axis != 1 else y

        yield f"Flatten-{axis}", 4, opsets, flatten
    for shape, zero in (
        *(((0, -1), None), ((-1, 120), None), ((0, 0, -1), None), ((0, 2, 2, -1), None)),
        *(((0, -1), 0), ((-1, 120), 1), ((3, 4, 30), 1)),
    ):

        def reshape(g: Graph, x: str, shape: Any = shape, zero: Any = zero) -> str:
            return g.add("Reshape", x, g.constant(shape, np.int64), allowzero=zero)

        opsets = edges("Reshape") if zero is None else [14, 19, 21]
        yield f"Reshape-{shape}-{zero}".replace(" ", ""), 4, opsets, reshape

    def computed(g: Graph, x: str) -> str:
        """As exporters write it: from the shape of what is given."""
        first = g.add("Gather", g.add("Shape", x), g.constant([0], np.int64), axis=0)
        shape = g.add("Concat", first, g.constant([-1], np.int64), axis=0)
        return g.add("Reshape", x, shape)

    yield "Reshape-computed", 4, edges("Reshape", "Shape"), computed
    for axes in ([1], [0, 3], [-1], [1, -1], [2]):

        def unsqueeze(g: Graph, x: str, axes: Any = axes) -> str:
            y = g.axes("Unsqueeze", x, axes, 13)
            return g.axes("Squeeze", y, [0], 13) if 0 in axes else y

        opsets = edges("Unsqueeze") if min(axes) >= 0 else [11, 12, 13, 21]
        yield f"Unsqueeze-{axes}".replace(" ", ""), 3, opsets, unsqueeze
    for axes in ([1], [-1], [1, 3], None):

        def squeeze(g: Graph, x: str, axes: Any = axes) -> str:
            y = g.axes("Unsqueeze", x, [1, 3], 13)
            return g.axes("Squeeze", y, axes, 13)

        opsets = edges("Squeeze") if axes is None or min(axes) >= 0 else [11, 12, 13, 21]
        yield f"Squeeze-{axes}".replace(" ", ""), 2, opsets, squeeze
    for perm in (None, [0, 2, 1, 3], [0, 3, 2, 1], [2, 0, 1, 3]):

        def transpose(g: Graph, x: str, perm: Any = perm) -> str:
            y = g.add("Transpose", x, perm=perm)
            back = {None: [3, 0, 1, 2], (2, 0, 1, 3): [1, 0, 2, 3]}
            key = None if perm is None else tuple(perm)
            return g.add("Transpose", y, perm=back[key]) if key in back else y

        yield f"Transpose-{perm}".replace(" ", ""), 4, edges("Transpose"), transpose
    for axis in (1, 2, 3, -1, -3):
        opsets = edges("Concat") if axis > 0 else [11, 12, 13, 21]

        def concat(g: Graph, x: str, axis: int = axis) -> str:
            return g.add("Concat", x, g.add("Relu", x), axis=axis)

        yield f"Concat-{axis}", 4, opsets, concat
    for axis, sizes, parts in (
        (1, None, 2),
        (1, [1, 3], None),
        (-1, [2, 4], None),
        (2, None, 5),
        (3, None, 4),
    ):
        opsets = edges("Split") if axis >= 0 else [11, 12, 13, 17, 18, 21]
        if parts == 4:
            opsets = [18, 21]  # parts that are not equal

        def split(
            g: Graph, x: str, axis: int = axis, sizes: Any = sizes, parts: Any = parts
        ) -> list[str]:
            count = parts or len(sizes)
            if sizes and g.opset < 13:
                return g.several(count, "Split", x, axis=axis, split=sizes)
            more = [g.constant(sizes, np.int64)] if sizes else []
            number = count if g.opset >= 18 and not sizes else None
            return g.several(count, "Split", x, *more, axis=axis, num_outputs=number)

        yield f"Split-{axis}-{sizes}-{parts}".replace(" ", ""), 4, opsets, split
    for mode in ("DCR", "CRD", None):

        def depth(g: Graph, x: str, mode: Any = mode) -> str:
            return g.add("DepthToSpace", x, blocksize=2, mode=mode)

        yield f"DepthToSpace-{mode}", 4, [11, 12, 13, 21] if mode else edges("DepthToSpace"), depth

    def space(g: Graph, x: str) -> str:
        return g.add("SpaceToDepth", g.add("MaxPool", x, kernel_shape=[2, 1]), blocksize=2)

    def tile(g: Graph, x: str) -> str:
        return g.add("Tile", x, g.constant([1, 2, 1, 3], np.int64))

    def expand(g: Graph, x: str) -> str:
        y = g.axes("Unsqueeze", x, [2], 13)
        return g.add("Expand", y, g.constant([1, 1, 3, 1, 1], np.int64))

    yield "SpaceToDepth", 4, edges("SpaceToDepth"), space
    yield "Tile", 4, edges("Tile"), tile
    yield "Expand", 4, edges("Expand", "Unsqueeze"), expand


def _slices() -> Forms:
    cases: dict[str, tuple[Any, ...]] = {
        "plain": ([1, 2], [3, 5], [1, 3], None),
        "no-axes": ([0, 1, 0, 2], [3, 9, 9, -1], None, None),
        "negative": ([-3, -4], [-1, 99], [2, 3], None),
        "steps": ([0, 1], [99, 99], [2, 3], [2, 3]),
        "backwards": ([-1], [-99], [3], [-2]),
        "negative-axes": ([1, 0], [4, 3], [-1, -2], [1, 1]),
    }
    for label, (starts, ends, axes, steps) in cases.items():
        opsets = (
            edges("Slice") if label in ("plain", "no-axes", "negative") else [10, 11, 12, 13, 21]
        )

        def cut(
            g: Graph,
            x: str,
            *,
            starts: Any = starts,
            ends: Any = ends,
            axes: Any = axes,
            steps: Any = steps,
        ) -> str:
            if g.opset < 10:
                return g.add("Slice", x, starts=starts, ends=ends, axes=axes)
            each = [g.constant(starts, np.int64), g.constant(ends, np.int64)]
            more = [] if axes is None else [g.constant(axes, np.int64)]
            return g.add(
                "Slice", x, *each, *more, *([g.constant(steps, np.int64)] if steps else [])
            )

        yield f"Slice-{label}", 4, opsets, cut
    for mode, pads, value in (
        *(
            ("constant", [0, 0, 1, 2, 0, 1, 0, 2], None),
            ("constant", [0, 1, 0, 2, 0, 0, 1, 0], 1.5),
        ),
        *(("reflect", [0, 0, 1, 2, 0, 0, 2, 1], None), ("edge", [0, 1, 0, 2, 0, 0, 1, 1], None)),
        *(("constant", [0, 0, -1, 1, 0, 0, 1, -2], None), ("wrap", [0, 0, 1, 1, 0, 0, 0, 2], None)),
        (None, [0, 0, 1, 1, 0, 0, 1, 1], None),
    ):

        def pad(g: Graph, x: str, mode: Any = mode, pads: Any = pads, value: Any = value) -> str:
            if g.opset < 11:
                return g.add("Pad", x, mode=mode, pads=pads, value=value)
            more = [g.constant(np.float32(value))] if value is not None else []
            return g.add("Pad", x, g.constant(pads, np.int64), *more, mode=mode)

        opsets = [19, 21] if mode == "wrap" else edges("Pad")
        yield f"Pad-{mode}-{value}-{min(pads)}", 4, opsets, pad

    def pad_axes(g: Graph, x: str) -> str:
        return g.add(
            "Pad", x, g.constant([1, 2, 0, 1], np.int64), "", g.constant([-1, 2], np.int64)
        )

    yield "Pad-axes", 4, [18, 19, 21], pad_axes
    for axis, indices in ((1, [0, 2]), (2, [[1, 0], [3, 4]]), (-1, [1, -1, 5]), (3, 2)):
        opsets = edges("Gather") if axis > 0 and np.min(indices) >= 0 else [11, 12, 13, 21]

        def gather(g: Graph, x: str, axis: int = axis, indices: Any = indices) -> str:
            return g.add("Gather", x, g.constant(indices, np.int64), axis=axis)

        yield f"Gather-{axis}-{np.ndim(indices)}d", 4, opsets, gather

    def elements(g: Graph, x: str) -> str:
        where = np.arange(QUESTIONS * 4 * 5 * 2).reshape(QUESTIONS, 4, 5, 2) % 6
        return g.add("GatherElements", x, g.constant(where, np.int64), axis=3)

    def nd(g: Graph, x: str) -> str:
        where = np.array([[[0, 1], [2, 3]]] * QUESTIONS)
        return g.add("GatherND", x, g.constant(where, np.int64), batch_dims=1)

    def scatter(g: Graph, x: str) -> str:
        where = np.zeros((QUESTIONS, 4, 5, 1), np.int64) + np.arange(5)[:, None]
        return g.add(
            "ScatterElements",
            x,
            g.constant(where),
            g.add("ReduceMax", x, axes=[3]) if g.opset < 18 else g.axes("ReduceMax", x, [3], 18),
            axis=3,
        )

    def embed(g: Graph, x: str) -> str:
        ids = g.given(value=g.integers(0, 7, QUESTIONS, 4, dtype=np.int64))
        return g.add("Add", x, g.add("Gather", g.weight(8, 6), ids))

    yield "GatherElements", 4, edges("GatherElements"), elements
    yield "GatherND", 4, [12, 13, 21], nd
    yield "ScatterElements", 4, edges("ScatterElements"), scatter
    yield "Gather-embedding", 3, edges("Gather"), embed


def _resizes() -> Forms:
    for mode, scales in product(
        ("nearest", "linear"), ([1.0, 1.0, 2.0, 2.0], [1.0, 1.0, 1.5, 2.5])
    ):

        def upsample(g: Graph, x: str, mode: str = mode, scales: Any = scales) -> str:
            if g.opset < 9:
                return g.add("Upsample", x, mode=mode, scales=scales)
            return g.add("Upsample", x, g.constant(scales, np.float32), mode=mode)

        yield f"Upsample-{mode}-{scales[2]}", 4, edges("Upsample", last=9), upsample

        def early(g: Graph, x: str, mode: str = mode, scales: Any = scales) -> str:
            return g.add("Resize", x, g.constant(scales, np.float32), mode=mode)

        yield f"Resize-{mode}-{scales[2]}", 4, [10], early
    ways = (
        "half_pixel",
        "asymmetric",
        "align_corners",
        "pytorch_half_pixel",
        "tf_half_pixel_for_nn",
    )
    for mode, way, by in product(("nearest", "linear", "cubic"), ways, ("scales", "sizes", "less")):

        def late(g: Graph, x: str, mode: str = mode, way: str = way, by: str = by) -> str:
            none = "" if g.opset >= 13 else g.constant(np.zeros(0, np.float32))
            factors = {"scales": [1, 1, 2, 1.5], "less": [1, 1, 0.6, 0.5]}.get(by)
            more = (
                [g.constant(factors, np.float32)]
                if factors
                else [none, g.constant([QUESTIONS, 4, 9, 4], np.int64)]
            )
            return g.add("Resize", x, none, *more, mode=mode, coordinate_transformation_mode=way)

        opsets = [each for each in edges("Resize") if each >= 11]
        if way.startswith("tf"):
            opsets = [11, 12]
        yield f"Resize-{mode}-{way}-{by}", 4, opsets, late
    for rounding in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):

        def nearest(g: Graph, x: str, rounding: str = rounding) -> str:
            none = "" if g.opset >= 13 else g.constant(np.zeros(0, np.float32))
            scales = g.constant([1, 1, 1.5, 2.5], np.float32)
            return g.add("Resize", x, none, scales, nearest_mode=rounding)

        yield f"Resize-nearest-{rounding}", 4, [11, 13, 18, 19, 21], nearest
    for how in (
        {"antialias": 1},
        {"antialias": 1, "mode": "cubic"},
        {"keep_aspect_ratio_policy": "not_larger"},
    ):

        def newer(g: Graph, x: str, how: Any = how) -> str:
            rest = {"mode": "linear"} | how
            return g.add("Resize", x, "", "", g.constant([3, 4], np.int64), axes=[2, 3], **rest)

        yield f"Resize-{'-'.join(map(str, how.values()))}", 4, [18, 19, 21], newer
    for mode, padding, align in product(
        ("bilinear", "nearest"), ("zeros", "border", "reflection"), (0, 1)
    ):

        def sample(
            g: Graph, x: str, mode: str = mode, padding: str = padding, align: int = align
        ) -> str:
            grid = g.given(3, 4, 2)
            mode = mode if g.opset < 20 or mode == "nearest" else "linear"
            return g.add(
                "GridSample",
                x,
                g.add("Mul", grid, g.constant(np.float32(0.55))),
                mode=mode,
                padding_mode=padding,
                align_corners=align,
            )

        yield f"GridSample-{mode}-{padding}-{align}", 4, edges("GridSample"), sample
