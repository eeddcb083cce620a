"""Variants of the operators around products: those whose meaning opsets changed, in every form."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
from onnx import TensorProto
from onnx_build import QUESTIONS, Graph, Recipe, edges, onnxruntime_says

__all__ = ["around_recipes"]

Form = Callable[[Graph, str], str | list[str]]
Forms = Iterator[tuple[str, int, list[int], Form]]
"""Name, axes of what it takes, opsets, and how the nodes are made."""

SIDES = (4, 5, 6)


def around_recipes() -> Iterator[tuple[str, list[int], Recipe]]:
    """All of them, between two products."""
    for forms in (
        *(_activations, _normal, _pools, _reductions, _shapes, _slices, _resizes, _choices),
        *(_elements, _types),
    ):
        for name, axes, opsets, form in forms():
            yield name, opsets, _between(axes, form)


def _between(axes: int, form: Form) -> Recipe:
    def recipe(g: Graph) -> str:
        if axes == 2:
            x = g.add("MatMul", g.given(5), g.weight(5, 6))
        elif axes == 3:
            x = g.add("MatMul", g.given(4, 5), g.weight(5, 6))
        elif axes == 4:
            x = g.add("Conv", g.given(2, *SIDES[1:]), g.weight(4, 2, 1, 1))
        else:
            x = g.add("Conv", g.given(2, 4, 3, 4), g.weight(3, 2, 1, 1, 1), g.weight(3))
        found = form(g, x)
        parts = [g.floats(each) for each in (found if isinstance(found, list) else [found])]
        if len(parts) > 1:
            parts = [g.add("Concat", *(g.add("Flatten", each) for each in parts), axis=1)]
        whole = onnxruntime_says(g.model(parts[0]), g.feeds)
        if whole is None or not whole[0].shape[1:]:  # nothing, or no axis to multiply along
            return parts[0]
        return g.add("MatMul", parts[0], g.weight(whole[0].shape[-1], 3))

    return recipe


def _activations() -> Forms:
    for operator, axes in product(("Softmax", "LogSoftmax", "Hardmax"), (2, 3, 4)):
        for axis in (None, 1, axes - 1, -1, *([2] if axes == 4 else [])):

            def soft(g: Graph, x: str, operator: str = operator, axis: Any = axis) -> str:
                return g.add(operator, x, axis=axis)

            yield f"{operator}-{axes}d-axis{axis}", axes, edges(operator), soft
    simple: dict[str, tuple[dict[str, Any], ...]] = {
        "Relu": ({},),
        "LeakyRelu": ({}, {"alpha": 0.3}),
        "Elu": ({}, {"alpha": 0.5}),
        "Selu": ({}, {"alpha": 1.5, "gamma": 1.1}),
        "Celu": ({}, {"alpha": 0.5}),
        "ThresholdedRelu": ({}, {"alpha": 0.25}),
        "HardSigmoid": ({}, {"alpha": 0.3, "beta": 0.4}),
        "HardSwish": ({},),
        "Mish": ({},),
        "Gelu": ({}, {"approximate": "tanh"}),
        "Sigmoid": ({},),
        "Softplus": ({},),
        "Softsign": ({},),
        "Tanh": ({},),
        "Shrink": ({}, {"lambd": 0.75, "bias": 0.25}),
    }
    for operator, choices in simple.items():
        for how in choices:

            def apply(g: Graph, x: str, operator: str = operator, how: Any = how) -> str:
                return g.add(operator, x, **how)

            yield f"{operator}-{'-'.join(how) or 'plain'}", 3, edges(operator), apply
    for shape in ((4, 1, 1), (1,), (5, 6)):

        def prelu(g: Graph, x: str, shape: Any = shape) -> str:
            return g.add("PRelu", x, g.weight(*shape))

        yield f"PRelu-{shape}".replace(" ", ""), 4, edges("PRelu"), prelu
    for low, high in ((-1.0, 1.0), (-1.0, None), (None, 0.5), (None, None)):

        def clip(g: Graph, x: str, low: Any = low, high: Any = high) -> str:
            if g.opset < 11:
                return g.add("Clip", x, min=low, max=high)
            ends = [
                g.constant(np.float32(each)) if each is not None else "" for each in (low, high)
            ]
            while ends and not ends[-1]:
                ends.pop()
            return g.add("Clip", x, *ends)

        yield f"Clip-{low}-{high}", 3, edges("Clip"), clip


def _normal() -> Forms:
    def facts(g: Graph, *shape: int) -> list[str]:
        spread = np.abs(g.some(*shape)) + 0.5
        return [g.weight(*shape), g.weight(*shape), g.weight(*shape), g.constant(spread)]

    for axes, how in product(
        (2, 3, 4, 5),
        (
            *({}, {"epsilon": 0.01}, {"momentum": 0.5}, {"spatial": 0}, {"spatial": 1}),
            *({"training_mode": 0}, {"training_mode": 1}),
        ),
    ):
        opsets = edges("BatchNormalization")
        if "spatial" in how:
            opsets = [each for each in opsets if each < 9]
        if "training_mode" in how:
            opsets = [each for each in opsets if each >= 14]

        def batch(g: Graph, x: str, axes: int = axes, how: Any = how) -> str:
            shape = {2: (6,), 3: (4, 6), 4: SIDES, 5: (3, 4, 3, 4)}[axes]
            inputs = [x, *facts(g, *(shape if how.get("spatial") == 0 else shape[:1]))]
            count = 3 if how.get("training_mode") else 1
            return g.several(count, "BatchNormalization", *inputs, **how)[0]

        label = "-".join(f"{key}{value}" for key, value in how.items()) or "plain"
        yield f"BatchNormalization-{axes}d-{label}", axes, opsets, batch
    for size, more in product((1, 3, 5, 4), ({}, {"alpha": 0.5, "beta": 0.5, "bias": 2.0})):

        def lrn(g: Graph, x: str, size: int = size, more: Any = more) -> str:
            return g.add("LRN", x, size=size, **more)

        yield f"LRN-{size}-{'given' if more else 'plain'}", 4, edges("LRN"), lrn
    for axes, epsilon in product((3, 4, 5), (None, 0.01)):

        def instance(g: Graph, x: str, axes: int = axes, epsilon: Any = epsilon) -> str:
            return g.add(
                "InstanceNormalization", x, *facts(g, 3 if axes == 5 else 4)[:2], epsilon=epsilon
            )

        yield (
            f"InstanceNormalization-{axes}d-{epsilon}",
            axes,
            edges("InstanceNormalization"),
            instance,
        )
    for axis, outputs in product((-1, 1, 2), (1, 3)):

        def layer(g: Graph, x: str, axis: int = axis, outputs: int = outputs) -> list[str]:
            shape = SIDES[-1:] if axis == -1 else SIDES[axis - 1 :]
            return g.several(
                outputs, "LayerNormalization", x, g.weight(*shape), g.weight(*shape), axis=axis
            )

        yield f"LayerNormalization-{axis}-{outputs}", 4, edges("LayerNormalization"), layer
    for groups in (1, 2, 4):

        def group(g: Graph, x: str, groups: int = groups) -> str:
            count = groups if g.opset < 21 else 4
            return g.add("GroupNormalization", x, *facts(g, count)[:2], num_groups=groups)

        yield f"GroupNormalization-{groups}", 4, edges("GroupNormalization"), group
    for axes in (None, [0, 2, 3], [1, 2], [2, 3]):

        def mean(g: Graph, x: str, axes: Any = axes) -> str:
            return g.add("MeanVarianceNormalization", x, axes=axes)

        yield (
            f"MeanVarianceNormalization-{axes}".replace(" ", ""),
            4,
            edges("MeanVarianceNormalization"),
            mean,
        )
    for order, axis in product((1, 2), (-1, 1)):

        def lp(g: Graph, x: str, order: int = order, axis: int = axis) -> str:
            return g.add("LpNormalization", x, p=order, axis=axis)

        yield f"LpNormalization-{order}-{axis}", 4, edges("LpNormalization"), lp
    for ratio, mode in product((None, 0.5), (None, "false", "true")):

        def dropout(g: Graph, x: str, ratio: Any = ratio, mode: Any = mode) -> str:
            if g.opset < 12:
                return g.add("Dropout", x, ratio=ratio)
            more = [g.constant(np.float32(ratio)) if ratio else ""]
            if mode:
                more.append(g.constant(np.array(mode == "true" and not ratio)))
            if mode == "true":  # nothing is dropped
                more[0] = g.constant(np.float32(0))
            return g.add("Dropout", x, *(more if any(more) else []))

        opsets = edges("Dropout") if mode is None else [12, 13, 21]
        yield f"Dropout-{ratio}-{mode}", 3, opsets, dropout


def _pools() -> Forms:
    hows: dict[str, dict[str, Any]] = {
        "plain": {},
        "strides": {"strides": [2, 3]},
        "pads": {"pads": [1, 0, 1, 1]},
        "same-upper": {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        "same-lower": {"auto_pad": "SAME_LOWER", "strides": [2, 2]},
        "same-lower-1": {"auto_pad": "SAME_LOWER"},
        "valid": {"auto_pad": "VALID", "strides": [2, 1]},
        "ceil": {"ceil_mode": 1, "strides": [2, 2]},
        "ceil-pads": {"ceil_mode": 1, "strides": [2, 3], "pads": [1, 1, 0, 1]},
        "dilations": {"dilations": [1, 2]},
        "dilations-ceil": {"dilations": [2, 1], "ceil_mode": 1, "strides": [2, 2]},
        "included": {"count_include_pad": 1, "pads": [1, 0, 1, 1]},
        "included-ceil": {
            "count_include_pad": 1,
            "pads": [1, 1, 1, 1],
            "ceil_mode": 1,
            "strides": [2, 2],
        },
        "included-same": {"count_include_pad": 1, "auto_pad": "SAME_LOWER", "strides": [2, 2]},
    }
    for operator, (label, how), axes in product(
        ("MaxPool", "AveragePool", "LpPool"), hows.items(), (3, 4, 5)
    ):
        if (operator != "AveragePool" and "included" in label) or (
            axes == 5 and label not in ("plain", "pads", "same-lower", "ceil", "dilations")
        ):
            continue
        opsets = edges(operator)
        if "ceil_mode" in how:
            opsets = [
                n for n in opsets if n >= {"MaxPool": 10, "AveragePool": 10}.get(operator, 18)
            ]
        if "dilations" in how:
            opsets = [
                n for n in opsets if n >= {"MaxPool": 10, "AveragePool": 19}.get(operator, 18)
            ]

        def pool(
            g: Graph, x: str, operator: str = operator, how: Any = how, axes: int = axes
        ) -> str:
            spatial = axes - 2
            fitted = {
                key: value
                if not isinstance(value, list)
                else (
                    [*value[:2], 1, *value[2:], 0][: 2 * spatial]
                    if key == "pads" and spatial == 3
                    else value[:: 2 if key == "pads" else 1][: 2 * spatial]
                    if spatial == 1 and key == "pads"
                    else (value * 2)[: 2 * spatial if key == "pads" else spatial]
                )
                for key, value in how.items()
            }
            return g.add(operator, x, kernel_shape=[3, 2, 2][:spatial], **fitted)

        yield f"{operator}-{axes}d-{label}", axes, opsets, pool
    for operator, axes in product(
        ("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), (3, 4, 5)
    ):

        def whole(g: Graph, x: str, operator: str = operator) -> str:
            return g.add(operator, x)

        yield f"{operator}-{axes}d", axes, edges(operator), whole

    def indices(g: Graph, x: str) -> list[str]:
        return g.several(2, "MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], storage_order=0)

    def unpooled(g: Graph, x: str) -> str:
        return g.add("MaxUnpool", *indices(g, x), kernel_shape=[3, 2], strides=[2, 2])

    yield "MaxPool-indices", 4, edges("MaxPool", first=8), indices
    yield "MaxUnpool", 4, edges("MaxUnpool", first=9), unpooled


def _reductions() -> Forms:
    operators = "Sum Mean Max Min Prod L1 L2 LogSum LogSumExp SumSquare".split()
    cases: tuple[tuple[Any, dict[str, Any]], ...] = (
        ([2], {}),
        ([1, 2], {"keepdims": 0}),
        ([-1], {"keepdims": 0}),
        (None, {}),
    )
    for operator, (axes, how) in product(operators, cases):
        since = 13 if operator == "Sum" else 18
        name = f"Reduce{operator}"

        def reduce(
            g: Graph,
            x: str,
            *,
            name: str = name,
            axes: Any = axes,
            how: Any = how,
            since: int = since,
        ) -> str:
            if "Log" in name:
                x = g.add("Add", g.add("Abs", x), g.constant(np.float32(0.5)))
            y = g.axes(name, x, axes, since, **how)
            return y if axes else g.add("Add", x, y)

        opsets = edges(name)
        if axes == [-1]:
            opsets = [each for each in opsets if each >= 11]
        yield f"{name}-{axes}-{'-'.join(how)}".replace(" ", ""), 3, opsets, reduce

    def nothing(g: Graph, x: str) -> str:
        none = g.constant(np.zeros(0, np.int64))
        return g.add("ReduceSum", x, none, noop_with_empty_axes=1)

    yield "ReduceSum-nothing", 3, [13, 21], nothing
    for operator, axis, keep, last in product(("ArgMax", "ArgMin"), (1, -1), (0, 1), (None, 1)):
        opsets = edges(operator)
        if axis < 0:
            opsets = [each for each in opsets if each >= 11]
        if last:
            opsets = [each for each in opsets if each >= 12]

        def first(
            g: Graph,
            x: str,
            *,
            operator: str = operator,
            axis: int = axis,
            keep: int = keep,
            last: Any = last,
        ) -> str:
            return g.add(operator, x, axis=axis, keepdims=keep, select_last_index=last)

        yield f"{operator}-{axis}-{keep}-{last}", 3, opsets, first
    for exclusive, backwards in product((0, 1), (0, 1)):

        def running(
            g: Graph, x: str, exclusive: int = exclusive, backwards: int = backwards
        ) -> str:
            return g.add(
                "CumSum", x, g.constant(np.int64(2)), exclusive=exclusive, reverse=backwards
            )

        yield f"CumSum-{exclusive}{backwards}", 3, edges("CumSum"), running


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


def _choices() -> Forms:
    for k, axis, largest in product((1, 3), (None, 1), (None, 0)):

        def top(
            g: Graph, x: str, k: int = k, axis: Any = axis, largest: Any = largest
        ) -> list[str]:
            if g.opset < 10:
                return g.several(2, "TopK", x, k=k, axis=axis)
            return g.several(2, "TopK", x, g.constant([k], np.int64), axis=axis, largest=largest)

        opsets = edges("TopK") if largest is None else [11, 21]
        yield f"TopK-{k}-{axis}-{largest}", 3, opsets, top
    for operator in ("Less", "Greater", "Equal", "LessOrEqual", "GreaterOrEqual"):
        first = 11 if operator == "Equal" else 9

        def compare(g: Graph, x: str, operator: str = operator) -> str:
            return g.add("Where", g.add(operator, x, g.weight(6)), x, g.weight(4, 1))

        yield f"Where-{operator}", 3, edges("Where", operator, first=first), compare

    def hot(g: Graph, x: str) -> str:
        ids = g.given(value=g.integers(0, 3, QUESTIONS, 4, dtype=np.int64))
        y = g.add("OneHot", ids, g.constant(6, np.int64), g.constant([0.0, 1.0], np.float32))
        return g.add("Add", x, y)

    def triangle(g: Graph, x: str) -> str:
        return g.add("Trilu", x, g.constant(1, np.int64), upper=0)

    def indices(g: Graph, x: str) -> str:
        y = g.add("NonZero", g.constant(np.eye(4, 6, dtype=np.float32)))
        y = g.add("Gather", y, g.constant(1, np.int64), axis=0)
        return g.add("Gather", x, y, axis=2)

    def ranged(g: Graph, x: str) -> str:
        ends = [g.constant(np.float32(each)) for each in (0, 3, 0.5)]
        return g.add("Mul", x, g.add("Range", *ends))

    def filled(g: Graph, x: str) -> str:
        return g.add(
            "Mul", x, g.add("ConstantOfShape", g.constant([4, 1], np.int64), value=_scalar(2.5))
        )

    def backwards(g: Graph, x: str) -> str:
        lens = g.constant([4, 2, 1], np.int64)
        return g.add("ReverseSequence", x, lens, batch_axis=0, time_axis=1)

    yield "OneHot", 3, edges("OneHot", first=9), hot
    yield "Trilu", 3, edges("Trilu"), triangle
    yield "NonZero", 3, edges("NonZero", first=9), indices
    yield "Range", 3, edges("Range"), ranged
    yield "ConstantOfShape", 3, edges("ConstantOfShape", first=9), filled
    yield "ReverseSequence", 3, edges("ReverseSequence"), backwards


def _scalar(value: float) -> TensorProto:
    return TensorProto(data_type=TensorProto.FLOAT, dims=[1], float_data=[value])


def _elements() -> Forms:
    unary = (
        "Abs Neg Exp Ceil Floor Sign Sin Cos Atan Sinh Erf Round Identity IsNaN Not Reciprocal "
        "Sqrt Log"
    ).split()
    for operator in unary:

        def one(g: Graph, x: str, operator: str = operator) -> str:
            if operator in ("Sqrt", "Log", "Reciprocal"):
                x = g.add("Add", g.add("Abs", x), g.constant(np.float32(0.5)))
            if operator == "Not":
                x = g.add("Cast", x, to=TensorProto.BOOL)
            return g.add(operator, x)

        yield operator, 3, edges(operator), one
    for operator, shape in product(
        ("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Mod"), ((6,), (4, 1), (), (1, 4, 6))
    ):

        def two(g: Graph, x: str, operator: str = operator, shape: Any = shape) -> str:
            y = g.constant(np.abs(g.some(*shape)) + np.float32(0.5))
            x = g.add("Abs", x) if operator == "Pow" else x
            return g.add(operator, x, y, fmod=1 if operator == "Mod" else None)

        yield f"{operator}-{shape}".replace(" ", ""), 3, edges(operator, first=8), two
    for operator in ("Sum", "Mean", "Max", "Min"):

        def many(g: Graph, x: str, operator: str = operator) -> str:
            return g.add(operator, x, g.weight(6), g.add("Neg", x))

        yield f"{operator}-of-three", 3, edges(operator, first=8), many
    for operator in ("And", "Or", "Xor"):

        def logic(g: Graph, x: str, operator: str = operator) -> str:
            other = g.constant(np.arange(6) % 2 > 0)
            return g.add(operator, g.add("Cast", x, to=TensorProto.BOOL), other)

        yield operator, 3, edges(operator), logic


def _types() -> Forms:
    for name in ("DOUBLE", "FLOAT16", "INT8", "UINT8", "INT32", "INT64", "BOOL", "BFLOAT16"):
        opsets = edges("Cast") if name != "BFLOAT16" else [13, 21]

        def cast(g: Graph, x: str, to: int = getattr(TensorProto, name)) -> str:
            if to == TensorProto.UINT8:
                x = g.add("Abs", x)
            return g.floats(g.add("Cast", x, to=to))

        yield f"Cast-{name}", 3, opsets, cast

    def like(g: Graph, x: str) -> str:
        return g.add("CastLike", x, g.constant(np.float16(1)))

    def microsoft(operator: str, **how: Any) -> Form:
        return lambda g, x: g.add(operator, x, domain="com.microsoft", **how)

    def layer(g: Graph, x: str) -> str:
        return g.add(
            *(
                "SkipLayerNormalization",
                x,
                g.add("Neg", g.add("Relu", x)),
                g.weight(6),
                g.weight(6),
            ),
            domain="com.microsoft",
        )

    yield "CastLike", 3, edges("CastLike"), like
    yield "Microsoft-Gelu", 3, [13, 21], microsoft("Gelu")
    yield "Microsoft-FastGelu", 3, [13, 21], microsoft("FastGelu")
    yield "Microsoft-QuickGelu", 3, [13, 21], microsoft("QuickGelu", alpha=1.5)
    yield "Microsoft-SkipLayerNormalization", 3, [13, 21], layer
