"""Variants of operators around products: normalisation, pools, reductions."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
from onnx_build import Graph, Recipe, edges, onnxruntime_says

__all__ = ["SIDES", "Forms", "around_recipes", "between"]

Form = Callable[[Graph, str], str | list[str]]
Forms = Iterator[tuple[str, int, list[int], Form]]
"""Name, axes of what it takes, opsets, and how the nodes are made."""

SIDES = (4, 5, 6)


def around_recipes() -> Iterator[tuple[str, list[int], Recipe]]:
    """Normalisation, pools and reductions, between two products."""
    for forms in (_normal, _pools, _reductions):
        yield from between(forms())


def between(forms: Forms) -> Iterator[tuple[str, list[int], Recipe]]:
    """Each behind a product and before one."""
    for name, axes, opsets, form in forms:
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
