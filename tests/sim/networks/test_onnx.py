"""ONNX models: convolutions against loops, models against onnxruntime, tasks, and sentences."""

import functools
import json
import sys

import numpy as np
import onnx_nets
import pytest
from onnx import helper
from onnx_nets import close, onnxruntime_says, picture_network, save, some
from recipes import recipe
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.sim.codes.encoding import decode, encode
from fp8mac.sim.exact import golden
from fp8mac.sim.networks.engines.engine import Calibrated, UnitEngine
from fp8mac.sim.networks.engines.reference import Plain, Recorder
from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.models.convolution import Geometry, convolve, same_pads
from fp8mac.sim.networks.onnx.model import load_onnx
from fp8mac.sim.networks.tasks.diagnose import diagnose
from fp8mac.sim.networks.tasks.evaluate import evaluate
from fp8mac.sim.networks.tasks.own import own_task
from fp8mac.sim.networks.tasks.zoo import load_task
from fp8mac.synth_reports.experiments.sum_error.length import length_jobs


@pytest.fixture(autouse=True)
def seeded(monkeypatch):
    """The same numbers for a test, whatever ran before."""
    monkeypatch.setattr(onnx_nets, "RNG", np.random.default_rng(5))


def attention_network(path):
    """Products of all kinds: with weights on both sides, transposed ones, of two activations."""
    node = helper.make_node
    nodes = [
        node("Transpose", ["wq"], ["wq_t"], perm=[1, 0]),
        node("MatMul", ["x", "wq_t"], ["q"], "queries"),
        node("MatMul", ["x", "wk"], ["k"], "keys"),
        node("Transpose", ["k"], ["k_t"], perm=[0, 2, 1]),
        node("MatMul", ["q", "k_t"], ["s"], "scores"),
        node("Softmax", ["s"], ["p"]),
        node("MatMul", ["p", "x"], ["m"], "mix"),
        node("MatMul", ["wl", "m"], ["l"]),
        node("MatMul", ["l", "v"], ["u"], "vector"),
        node("ReduceMean", ["u"], ["y"], axes=[1], keepdims=1),
    ]
    weights = {"wq": some(6, 6), "wk": some(6, 6), "wl": some(3, 4), "v": some(6)}
    return save(path, nodes, weights, {"x": (4, 6)})


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_a_convolution_is_its_loops(groups):
    x, weight, bias = some(2, 7, 6, 4), some(3, 2, 4 // groups, 8), some(8)
    geometry = Geometry((2, 1), (1, 2), ((1, 0), (2, 1)), groups)
    found = convolve(Plain(), "c", x, weight, bias, geometry=geometry)
    padded = np.pad(x, ((0, 0), (1, 0), (2, 1), (0, 0)))
    assert found.shape == (2, 3, 7, 8)
    for y, column, out in np.ndindex(3, 7, 8):
        first = out // (8 // groups) * (4 // groups)
        patch = padded[:, 2 * y : 2 * y + 3, column : column + 3 : 2, first : first + 4 // groups]
        wanted = (patch * weight[..., out]).sum((1, 2, 3)) + bias[out]
        assert np.allclose(found[:, y, column, out], wanted, atol=1e-5)


@pytest.mark.parametrize("w", ["e2m1", "e4m3"])
def test_a_depthwise_convolution_is_the_golden_model(w):
    x, weight = some(1, 4, 4, 3), some(3, 3, 1, 3)
    geometry = Geometry((1, 1), (1, 1), ((1, 1), (1, 1)), 3)
    recorder, how = Recorder(), recipe("e4m3", "bf16", w)
    convolve(recorder, "c", x, weight, None, geometry=geometry)
    calibrated = Calibrated(recorder.samples)
    found = convolve(UnitEngine(how, calibrated), "c", x, weight, None, geometry=geometry)
    scale = np.float32(calibrated.scale("c.input", how.activations))
    scales = calibrated.scale("c.weight", how.weights)
    assert scales.shape == (3,)
    padded = np.pad(encode(x[0] / scale, how.config.a), ((1, 1), (1, 1), (0, 0)))
    codes = encode(weight[:, :, 0] / np.float32(scales), how.config.b)
    for row, column, channel in np.ndindex(4, 4, 3):
        acc = 0
        for y, z in np.ndindex(3, 3):
            a, b = padded[row + y, column + z, channel], codes[y, z, channel]
            acc = golden.mac(how.config, int(a), int(b), acc).acc
        value = float(decode([acc], how.config.accumulator.format)[0])
        wanted = value * float(scale) * float(scales[channel])
        assert found[0, row, column, channel] == pytest.approx(wanted, rel=1e-6)


def test_a_depthwise_convolution_has_headroom():
    x, weight = some(2, 8, 8, 5), some(3, 3, 1, 5)
    geometry, recorder = Geometry((1, 1), (1, 1), ((1, 1), (1, 1)), 5), Recorder()
    wanted = convolve(recorder, "c", x, weight, None, geometry=geometry)
    calibrated = Calibrated(recorder.samples)
    kept, lost = (
        convolve(
            UnitEngine(recipe("e5m2", "fp16", headroom=headroom), calibrated),
            *("c", x, weight, None),
            geometry=geometry,
        )
        for headroom in (True, False)
    )
    assert np.allclose(kept, wanted, atol=1.5)
    assert not np.isfinite(lost).all()


def test_pads_that_keep_the_size():
    assert same_pads((5, 6), (3, 3), (2, 2), (1, 1)) == ((1, 1), (0, 1))
    assert same_pads((6,), (3,), (2,), (1,), more_before=True) == ((1, 0),)
    assert same_pads((8,), (1,), (3,), (2,)) == ((0, 0),)
    assert same_pads((8,), (3,), (1,), (2,)) == ((2, 2),)


@pytest.mark.parametrize("batch", ["n", -1, 6])
def test_a_model_is_what_onnxruntime_says(tmp_path, batch):
    path = picture_network(tmp_path / "net.onnx", batch)
    feeds = {"x": some(6, 2, 9, 9)}
    model, wanted = load_onnx(path), onnxruntime_says(path, feeds)
    assert wanted[0].shape == (6, 5)
    assert close(model.reference(feeds), wanted)
    assert close(model.run(feeds), wanted)
    assert model.products == ["full", "depthwise", "grouped", "dense"]
    assert model.inputs["x"].shape == ({-1: None}.get(batch, batch), 2, 9, 9)


def test_products_of_all_kinds_are_on_the_engine(tmp_path):
    path, x = attention_network(tmp_path / "net.onnx"), some(5, 4, 6)
    model, recorder = load_onnx(path), Recorder()
    (wanted,) = onnxruntime_says(path, {"x": x})
    assert close(model.run({"x": x}, recorder), [wanted])
    assert set(recorder.samples) == {
        *("queries.input", "keys.input", "scores.a", "scores.b", "mix.a", "mix.b"),
        *("l.input", "vector.input"),
    }
    seen = {}
    engine = UnitEngine(
        recipe("fp16", "fp32"),
        Calibrated(recorder.samples),
        watch=lambda name, a, b, sums: seen.setdefault(name, (a.shape, b.shape, sums.shape)),
    )
    assert np.allclose(model.run({"x": x}, engine)[0], wanted, rtol=0.01, atol=0.02)
    assert seen["queries"] == ((20, 6), (6, 6), (20, 6))
    assert seen["scores"] == ((5, 4, 6), (5, 6, 4), (5, 4, 4))
    assert seen["l"] == ((30, 4), (4, 3), (30, 3))
    assert seen["vector"] == ((15, 6), (6, 1), (15, 1))


def test_a_product_of_what_is_given_has_no_weight(tmp_path):
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Gemm", ["h", "x"], ["y"], "gram", transB=1),
    ]
    weight, recorder = some(4, 4), Recorder()
    model = load_onnx(save(tmp_path / "n.onnx", nodes, {"w": weight}, {"x": (4,)}))
    model.run({"x": some(5, 4)}, recorder)
    assert set(recorder.samples) == {"h.input", "gram.a", "gram.b"}
    engine = UnitEngine(recipe("fp16", "fp32"), Calibrated(recorder.samples))
    for x in (0.5 * some(5, 4), 0.5 * some(5, 4)):
        wanted = x @ weight @ x.T
        assert np.allclose(model.run({"x": x}, engine)[0], wanted, rtol=0.01, atol=0.02)


def test_functions_of_the_model_are_looked_into(tmp_path):
    body = [helper.make_node("MatMul", ["a", "w"], ["b"])]
    function = helper.make_function(
        "own", "Twice", ["a", "w"], ["b"], body, [helper.make_opsetid("", 17)]
    )
    calls = [
        helper.make_node("Twice", ["x", "w"], ["h"], domain="own"),
        helper.make_node("Twice", ["h", "w"], ["y"], domain="own"),
    ]
    weight, x = some(4, 4), some(3, 4)
    path = save(tmp_path / "n.onnx", calls, {"w": weight}, {"x": (4,)}, functions=[function])
    recorder = Recorder()
    assert close(load_onnx(path).run({"x": x}, recorder), [x @ weight @ weight])
    assert len(recorder.samples) == 2


def test_a_task_with_labels(tmp_path):
    path, data = picture_network(tmp_path / "net.onnx"), tmp_path / "data.npz"
    x = some(40, 2, 9, 9)
    x[0] *= 3  # nothing saturates in the others
    labels = load_onnx(path).reference({"x": x})[0].argmax(1)
    labels[10] = (labels[10] + 1) % 5
    np.savez(data, pictures=x, labels=labels)
    task = own_task(path, data)
    assert (task.name, task.metric, len(task.truth)) == ("net.onnx", "top1", 30)
    wide = evaluate(task, recipe("fp16", "fp32"), 30)
    assert wide.metric.reference == wide.metric.value == pytest.approx(29 / 30)
    narrow = evaluate(task, recipe("e2m1", "kulisch"), 30)
    assert narrow.sqnr_db < 20
    assert wide.sqnr_db > 50
    reports = diagnose(task, recipe("e4m3", "fp16"), task.calibrated(), range(4))
    assert [(each.name, each.terms) for each in reports] == [
        *(("full", 18), ("depthwise", 8), ("grouped", 8), ("dense", 6))
    ]
    assert all(10 < each.sqnr_db < 50 for each in reports)


def test_a_task_without_labels(tmp_path):
    path, data = picture_network(tmp_path / "net.onnx"), tmp_path / "data.npz"
    np.savez(data, x=some(40, 2, 9, 9))
    task = own_task(path, data)
    assert task.metric == "agreement"
    found = evaluate(task, recipe("e5m2", "kulisch"), 30)
    assert found.metric.reference == 1
    assert found.metric.value == found.agreement


def test_one_output_is_ranked(tmp_path):
    weights = {"w": some(6, 1)}
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    path, data = save(tmp_path / "n.onnx", nodes, weights, {"x": (6,)}), tmp_path / "data.npz"
    x = some(40, 6)
    np.savez(data, x=x)
    task = own_task(path, data)
    assert task.metric == "rank"
    found = evaluate(task, recipe("e4m3", "fp16"), 30)
    assert found.metric.reference == 1
    assert 0.97 < found.metric.value < 1
    np.savez(data, x=x, labels=-(x @ weights["w"])[:, 0])
    task = own_task(path, data)
    assert task.metric == "spearman"
    assert evaluate(task, recipe("fp16", "fp32"), 30).metric.value == pytest.approx(-1, abs=0.01)


def says(path, data=None) -> str:
    with pytest.raises(NetworkError) as error:
        own_task(path, data) if data else load_onnx(path)
    return str(error.value)


def test_onnx_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "fp8mac.sim.networks.onnx.model", None)
    monkeypatch.delattr("fp8mac.sim.networks.onnx.model", raising=False)
    assert says(tmp_path / "n.onnx", tmp_path / "d.npz") == (
        "ONNX models need the packages onnx and onnxruntime; pip install 'fp8mac[onnx]' installs "
        "them."
    )


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture_network(tmp_path / "net.onnx")
    np.savez("data.npz", x=some(16, 2, 9, 9))
    words = ("accuracy", "--network", "net.onnx", "--format", "e4m3", "--acc", "fp16")
    run = CliRunner().invoke
    result = run(app, [*words, "--inputs", "data.npz", "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["result"]["network"] == "net.onnx"
    assert report["result"]["samples"] == 12
    assert report["command"] == f"fp8mac {' '.join(words)} --inputs data.npz"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.npz", "net.onnx"]
    result = run(app, list(words))
    assert result.exit_code == 2
    assert result.stderr.strip() == "'net.onnx' needs data; name an npz file with --inputs."
    np.savez("data.npz", x=some(16, 2, 9, 9))
    load_task.cache_clear()
    other = run(app, [*words, "--inputs", "data.npz", "--json"])
    assert json.loads(other.stdout)["result"]["sqnr_db"] != report["result"]["sqnr_db"]
    words = ("accuracy", "--network", "net.onnx", "--inputs", "data.npz", "--threads", "1")
    few = functools.partial(length_jobs, ("e4m3",), ("fp16",), (32, 64))
    monkeypatch.setattr("fp8mac.synth_reports.experiments.sum_error.length.length_jobs", few)
    result = run(app, [*words, "--experiments", "w4a8"])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "accuracy/net.onnx.md").read_text()
    assert "there are no labels" in page
