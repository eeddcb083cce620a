"""Operators over opsets 7 to 21: models cut at their products, and onnxruntime on whole ones."""

from fnmatch import fnmatchcase

import numpy as np
import onnx
import pytest
from onnx_around import around_recipes
from onnx_build import Variant, flaw, onnxruntime_says, variants
from onnx_cells import cell_recipes
from onnx_codes import code_recipes
from onnx_elements import element_recipes
from onnx_moved import moved_recipes
from onnx_products import product_recipes

from fp8mac.sim.networks.engines import reference
from fp8mac.sim.networks.onnx.model import load_onnx

PRODUCTS = [variants(each()) for each in (product_recipes, cell_recipes, code_recipes)]
AROUND = [variants(each()) for each in (around_recipes, element_recipes, moved_recipes)]
ALL = [variant for part in PRODUCTS + AROUND for variant in part]
REFUSED = {
    "Conv?d-SAME_*-dilations(2,*": 12,  # 'Dilation not supported for AutoPadType::SAME_UPPER'
    "Conv[23]d-SAME_*-strides*-dilations*": 8,
    "LSTM-*-layout-*": 6,
    "GRU-*-layout-*": 6,
    "RNN-*-layout-*": 6,
    "QLinear*-int8-uint8-*": 20,
    "LRN-4-*": 4,  # an even size
}
"""What onnxruntime does not run, and how many there are."""


def refused(variant: Variant) -> bool:
    return any(fnmatchcase(variant.name, pattern) for pattern in REFUSED)


def flaws(chosen: list[Variant], folder) -> list[str]:
    """Sentences about variants that are not what onnxruntime says; all were compared."""
    found, compared = [], 0
    for n, variant in enumerate(chosen):
        model, feeds = variant.build()
        wanted = onnxruntime_says(model, feeds)
        assert (wanted is None) == refused(variant), variant.name
        if wanted is None:
            continue
        onnx.save(model, folder / f"{n}.onnx")
        cut = load_onnx(folder / f"{n}.onnx")
        assert cut.products, variant.name
        for whole, outputs in (("cut", cut.run(feeds)), ("whole", cut.reference(feeds))):
            if said := flaw(outputs, wanted):
                found.append(f"{variant.name} {whole}: {said}")
        compared += 1
    assert compared == len(chosen) - sum(map(refused, chosen))
    return found


def test_there_are_as_many_variants():
    assert [len(each) for each in PRODUCTS] == [642, 349, 242]
    assert [len(each) for each in AROUND] == [642, 406, 418]
    assert len({each.name for each in ALL}) == len(ALL)
    for pattern, count in REFUSED.items():
        assert sum(fnmatchcase(each.name, pattern) for each in ALL) == count, pattern


def test_some_variants(tmp_path):
    assert not flaws(ALL[::19], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(12))
def test_variants(part, tmp_path):
    assert not flaws(ALL[part::12], tmp_path)


def test_a_planted_bug_is_seen(tmp_path, monkeypatch):
    """Products that are 0.002 % off, on an engine that is right but for that."""
    multiply = reference.multiply
    monkeypatch.setattr(reference, "multiply", lambda x, w: multiply(x, w) * np.float32(1.00002))
    names = ("Conv2d-NOTSET-plain", "Gemm-00-(5,)", "LSTM-forward-plain", "Softmax-2d-axisNone")
    chosen = [each for each in ALL if each.name.partition("@")[0] in names]
    assert len(chosen) >= 4
    assert len(flaws(chosen, tmp_path)) == len(chosen)
