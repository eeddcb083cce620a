"""The node tests that come with onnx: products as they are, other operators behind a product."""

import warnings
from collections import Counter

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx_build import Array, flaw, onnxruntime_says

from fp8mac.sim.networks.onnx_model import load_onnx

pytestmark = pytest.mark.slow

PRODUCTS = frozenset(
    "Attention Conv ConvInteger ConvTranspose Einsum GRU Gemm LSTM MatMul MatMulInteger "
    "QLinearConv QLinearMatMul RNN".split()
)


def cases():
    """All of the package's; some overflow while they are made."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases  # noqa: PLC0415

        return sorted(collect_testcases(None), key=lambda each: each.name)


def feeds_of(case) -> tuple[dict[str, Array], list[Array]] | None:
    """What a case is given and what it records; None if that is not arrays alone."""
    inputs, outputs = case.data_sets[0]
    if not all(isinstance(each, np.ndarray | np.generic) for each in [*inputs, *outputs]):
        return None
    names = [each.name for each in case.model.graph.input]
    feeds = {name: np.asarray(x) for name, x in zip(names, inputs, strict=True)}
    return feeds, [np.asarray(each) for each in outputs]


def behind_a_product(model: onnx.ModelProto, feeds: dict[str, Array]) -> onnx.ModelProto | None:
    """The first float32 input is multiplied by a matrix that changes nothing; None if none can."""
    able = (
        name
        for name, x in feeds.items()
        if x.dtype == np.float32 and x.ndim and x.size and np.isfinite(x).all()
    )
    name = next(able, None)
    if name is None:
        return None
    copy = onnx.ModelProto.FromString(model.SerializeToString())
    for node in copy.graph.node:
        for place, each in enumerate(node.input):
            if each == name:
                node.input[place] = "product"
    one = numpy_helper.from_array(np.eye(feeds[name].shape[-1], dtype=np.float32), "one")
    copy.graph.initializer.append(one)
    copy.graph.node.insert(0, helper.make_node("MatMul", [name, "one"], ["product"], "head"))
    return copy


def is_recorded(found: list[Array], recorded: list[Array], case) -> bool:
    """Within the tolerance that the case asks for."""
    return all(
        a.shape == b.shape
        and a.dtype == b.dtype
        and (
            np.allclose(a, b, case.rtol, case.atol, equal_nan=True)
            if a.dtype.kind in "fc"
            else bool((a == b).all())
        )
        for a, b in zip(found, recorded, strict=True)
    )


def compared(folder) -> tuple[Counter[str], list[str]]:
    """How many cases there are of which kind, and sentences about those that are wrong."""
    count: Counter[str] = Counter()
    wrong = []
    for case in cases():
        data = feeds_of(case)
        holds = any(node.op_type in PRODUCTS for node in case.model.graph.node)
        model = case.model if holds or data is None else behind_a_product(case.model, data[0])
        if data is None or model is None:
            count["takes no float32 array"] += 1
            continue
        feeds, recorded = data
        wanted = onnxruntime_says(model, feeds)
        if wanted is None:
            count["refused by onnxruntime"] += 1
            continue
        path = folder / "node.onnx"
        onnx.save(model, path)
        cut = load_onnx(path)
        assert cut.products, case.name
        found = cut.run(feeds)
        if said := flaw(found, wanted) or flaw(cut.reference(feeds), wanted):
            wrong.append(f"{case.name}: {said}")
        if is_recorded(wanted, recorded, case):
            count["as recorded"] += 1
            if not is_recorded(found, recorded, case):
                wrong.append(f"{case.name}: not what is recorded")
        else:
            count["onnxruntime is not as recorded"] += 1
        count["holds a product" if holds else "behind a product"] += 1
    return count, wrong


def test_node_tests(tmp_path):
    count, wrong = compared(tmp_path)
    assert not wrong
    assert count == {
        "takes no float32 array": 598,
        "refused by onnxruntime": 59,
        "holds a product": 270,
        "behind a product": 957,
        "as recorded": 1205,
        "onnxruntime is not as recorded": 22,
    }
