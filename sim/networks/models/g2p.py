"""The recurrent network of g2p-en: letters of an English word to phonemes, in numpy.

::

    letters --> embeddings --> GRU --> last state                     encoder
                                           |
    <s> ------> embedding ---> GRU --> state --> largest logit        decoder, until </s>
                    ^                                 |
                    +------------- phoneme -----------+

A gated recurrent unit of width 256 makes two products a step, of its input and of its state; five
products in all are an engine's. Words that have ended take no part in a step.

# Ref: K. Cho et al., Learning phrase representations using RNN encoder-decoder, arXiv:1406.1078
"""

import io
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.data.fetch import read_member
from fp8mac.sim.networks.models.sequential import Engine

__all__ = ["G2P", "LONGEST", "PHONEMES", "as_text"]

Array = NDArray[Any]

LONGEST = 20
"""Phonemes after which the decoder is stopped."""

_STRESSED = "AA AE AH AO AW AY EH ER EY IH IY OW OY UH".split()
_SOUNDS = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH".split()
)
PHONEMES = (
    *"<pad> <unk> <s> </s>".split(),
    *(name + stress for name in _SOUNDS for stress in ("012" if name in _STRESSED else [""])),
    *"UW UW0 UW1 UW2 V W Y Z ZH".split(),
)
"""What the network's outputs stand for."""

_UNKNOWN, _START, _END = 1, 2, 3
_LAST_LETTER = 2
_FIRST_LETTER = 3
_FIRST_CHARACTER = ord("0")


class G2P:
    """Encoder and decoder.

    Parameters
    ----------
    tensors : mapping of str to ndarray
        Parameters by their names in the published file; weights have shape (outputs, k), gates in
        the order reset, update, new.
    """

    def __init__(self, tensors: Mapping[str, Array]) -> None:
        self._tensors = {
            name: np.ascontiguousarray(tensor.T) if "_w" in name else tensor
            for name, tensor in tensors.items()
        }

    @classmethod
    def load(cls, wheel: Path) -> "G2P":
        """From the wheel of ``g2p-en``."""
        with np.load(io.BytesIO(read_member(wheel, "g2p_en/checkpoint20.npz"))) as archive:
            return cls({name: archive[name].astype(np.float32) for name in archive.files})

    def spell(self, engine: Engine, words: Sequence[str]) -> NDArray[np.int64]:
        """Numbers of phonemes as the network finds them, shape (words, `LONGEST`), ended by 3."""
        states = self._encoded(engine, words)
        found = np.full((len(words), LONGEST), _END)
        alive, last = np.arange(len(words)), np.full(len(words), _START)
        for step in range(LONGEST):
            logits = self._step(engine, alive, last, states)
            last = np.where(np.isnan(logits).any(1), _UNKNOWN, logits.argmax(1))
            found[alive, step] = last
            alive, last = alive[last != _END], last[last != _END]
            if not alive.size:
                break
        return found

    def follow(
        self, engine: Engine, words: Sequence[str], phonemes: Sequence[Sequence[int]]
    ) -> Array:
        """Logits of a decoder that is told the phonemes, zeros where a word has ended.

        Every engine computes the same products here, whatever it finds.

        Returns
        -------
        ndarray
            Shape (words, `LONGEST`, phonemes).
        """
        states = self._encoded(engine, words)
        told = [[_START, *each][:LONGEST] for each in phonemes]
        found = np.zeros((len(words), LONGEST, len(self._tensors["fc_b"])), np.float32)
        for step in range(max(map(len, told))):
            alive = np.array([row for row, each in enumerate(told) if len(each) > step])
            last = np.array([told[row][step] for row in alive])
            found[alive, step] = self._step(engine, alive, last, states)
        return found

    def _encoded(self, engine: Engine, words: Sequence[str]) -> Array:
        """Last states, shape (words, width)."""
        letters = [
            [*(ord(letter) - ord("a") + _FIRST_LETTER for letter in word), _LAST_LETTER]
            for word in words
        ]
        lengths = np.array([len(each) for each in letters])
        starts = np.cumsum([0, *lengths[:-1]])
        x = self._given(engine, "enc", np.concatenate(letters))
        states = np.zeros((len(words), len(self._tensors["enc_w_hh"])), np.float32)
        for step in range(lengths.max()):
            rows = np.flatnonzero(lengths > step)
            states[rows] = self._cell(engine, "enc", x[starts[rows] + step], states[rows])
        return states

    def _step(self, engine: Engine, rows: Array, last: Array, states: Array) -> Array:
        """Logits after a step of the decoder, which moves the states of some rows."""
        x = self._given(engine, "dec", last)
        states[rows] = self._cell(engine, "dec", x, states[rows])
        return engine.linear("output", states[rows], self._tensors["fc_w"], self._tensors["fc_b"])

    def _given(self, engine: Engine, part: str, symbols: Array) -> Array:
        x = self._tensors[f"{part}_emb"][symbols]
        return self._product(engine, part, "input", x)

    def _cell(self, engine: Engine, part: str, x: Array, state: Array) -> Array:
        """Next state of a gated recurrent unit, of the product with its input and its state."""
        h = self._product(engine, part, "state", state)
        (reset, update, new), (reset_h, update_h, new_h) = (np.split(each, 3, 1) for each in (x, h))
        update = _sigmoid(update + update_h)
        new = np.tanh(new + _sigmoid(reset + reset_h) * new_h)
        return (1 - update) * new + update * state

    def _product(self, engine: Engine, part: str, of: str, x: Array) -> Array:
        kind = {"input": "ih", "state": "hh"}[of]
        weight, bias = (self._tensors[f"{part}_{each}_{kind}"] for each in "wb")
        name = {"enc": "encoder", "dec": "decoder"}[part]
        return engine.linear(f"{name}.{of}", x, weight, bias)


def as_text(phonemes: Sequence[int]) -> str:
    """A character for each phoneme before the end.

    Examples
    --------
    >>> as_text([18, 4, 3, 3])
    'B4'
    """
    ended = takewhile(lambda each: each != _END, phonemes)
    return "".join(chr(_FIRST_CHARACTER + each) for each in ended)


def _sigmoid(x: Array) -> Array:
    return (0.5 * (1 + np.tanh(0.5 * x))).astype(x.dtype)
