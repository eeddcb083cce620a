"""All networks, by name."""

from collections.abc import Callable
from functools import cache

from fp8mac.sim.networks.images import EMBEDDED, NetworkError
from fp8mac.sim.networks.spelling import spelling_task
from fp8mac.sim.networks.tasks import Task, image_task
from fp8mac.sim.networks.texts import sentiment_task, similarity_task

__all__ = ["NETWORKS", "SAME_ANSWERS", "load_task"]

NETWORKS: dict[str, Callable[[int | None], Task]] = {
    **{name: lambda samples, name=name: image_task(name, samples=samples) for name in EMBEDDED},
    "minilm": lambda samples: similarity_task("minilm", "wordsim353.tsv"),
    "minilm_simlex": lambda samples: similarity_task("minilm_simlex", "simlex999.txt"),
    "minilm_sentiment": lambda samples: sentiment_task(),
    "g2p": lambda samples: spelling_task("g2p", "phonemes"),
    "g2p_words": lambda samples: spelling_task("g2p_words", "top1"),
}
"""How to load each network, given how many questions are wanted."""

SAME_ANSWERS = {"g2p_words": "g2p"}
"""Networks that differ from another one by their metric alone."""


@cache
def load_task(name: str, samples: int | None = None) -> Task:
    """A network with its data.

    Raises
    ------
    NetworkError
        If there is no such network, or it has fewer questions.
    FetchError
        If it has not been fetched.
    """
    if name not in NETWORKS:
        raise NetworkError(f"Unknown network '{name}'; there are {', '.join(NETWORKS)}.")
    task = NETWORKS[name](samples)
    if samples is not None and not 0 < samples <= len(task.truth):
        raise NetworkError(f"{name} has 1 to {len(task.truth)} questions, not {samples}.")
    return task
