"""The node tests that come with onnx: products as they are, other operators behind a product."""

import warnings
from collections import Counter

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx_build import Array, flaw, onnxruntime_says

from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.onnx.model import load_onnx

pytestmark = pytest.mark.slow

PRODUCTS = frozenset(
    "Attention Conv ConvInteger ConvTranspose Einsum GRU Gemm LSTM MatMul MatMulInteger "
    "QLinearConv QLinearMatMul RNN".split()
)


def cases():
    """All of the package's; some overflow while they are made."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        return sorted(collect_testcases(None), key=lambda each: each.name)


def feeds_of(case) -> tuple[dict[str, Array], list[Array]] | None:
    """What a case is given and what it records; None if that is not arrays alone."""
    inputs, outputs = case.data_sets[0]
    if not all(isinstance(each, np.ndarray | np.generic) for each in [*inputs, *outputs]):
        return None
    names = [each.name for each in case.model.graph.input]
    feeds = {name: np.asarray(x) for name, x in zip(names, inputs, strict=True)}
    return feeds, [np.asarray(each) for each in outputs]


def holds_a_product(model: onnx.ModelProto) -> bool:
    """An Einsum of one term only moves and adds."""
    return any(
        node.op_type in PRODUCTS and (node.op_type != "Einsum" or len(node.input) > 1)
        for node in model.graph.node
    )


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
    if not any(not each.domain for each in copy.opset_import):
        copy.opset_import.append(helper.make_opsetid("", 21))
    copy.graph.node.insert(0, helper.make_node("MatMul", [name, "one"], ["product"], "head"))
    return copy


def is_recorded(found: list[Array], recorded: list[Array], case) -> bool:
    """Within the tolerance that the case asks for, or a step of float16."""
    return all(
        a.shape == b.shape
        and a.dtype == b.dtype
        and (
            np.allclose(a, b, case.rtol, case.atol, equal_nan=True)
            or (a.dtype == np.float16 and not flaw([a], [b]))
            if a.dtype.kind in "fc"
            else bool((a == b).all())
        )
        for a, b in zip(found, recorded, strict=True)
    )


def test_node_tests(tmp_path):
    count: Counter[str] = Counter()
    wrong = []
    for case in cases():
        data, holds = feeds_of(case), holds_a_product(case.model)
        model = case.model if holds or data is None else behind_a_product(case.model, data[0])
        if data is None or model is None:
            count["takes no float32 array"] += 1
            continue
        feeds, recorded = data
        wanted = onnxruntime_says(model, feeds)
        if wanted is None:
            count["refused by onnxruntime"] += 1
            continue
        onnx.save(model, tmp_path / "node.onnx")
        if any(node.op_type == "DeformConv" for node in model.graph.node):
            with pytest.raises(NetworkError, match="has the operator DeformConv; on a unit"):
                load_onnx(tmp_path / "node.onnx")
            count["refused by name"] += 1
            continue
        cut = load_onnx(tmp_path / "node.onnx")
        assert cut.products, case.name
        found = cut.run(feeds)
        right, theirs = (is_recorded(each, recorded, case) for each in (found, wanted))
        said = flaw(found, wanted)
        if said and (theirs or not right):
            wrong.append(f"{case.name}: {said}")
        elif theirs and not right:
            wrong.append(f"{case.name}: not what is recorded")
        elif said := flaw(cut.reference(feeds), wanted):
            wrong.append(f"{case.name} whole: {said}")
        count["holds a product" if holds else "behind a product"] += 1
        count["as recorded" if right else "as onnxruntime alone"] += 1
    assert not wrong
    assert count == {
        "takes no float32 array": 604,
        "refused by onnxruntime": 57,
        "refused by name": 4,
        "holds a product": 266,
        "behind a product": 953,
        "as recorded": 1200,
        "as onnxruntime alone": 19,
    }
