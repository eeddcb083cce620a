"""All networks, by name."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.tasks.cells import cells_task
from fp8mac.sim.networks.tasks.images import EMBEDDED
from fp8mac.sim.networks.tasks.own import own_task
from fp8mac.sim.networks.tasks.spelling import spelling_task
from fp8mac.sim.networks.tasks.tasks import Task, image_task
from fp8mac.sim.networks.tasks.texts import sentiment_task, similarity_task

__all__ = ["NETWORKS", "SAME_ANSWERS", "is_own", "load_task"]

NETWORKS: dict[str, Callable[[int | None], Task]] = {
    **{name: lambda samples, name=name: image_task(name, samples=samples) for name in EMBEDDED},
    "minilm": lambda samples: similarity_task("minilm", "wordsim353.tsv"),
    "minilm_simlex": lambda samples: similarity_task("minilm_simlex", "simlex999.txt"),
    "minilm_sentiment": lambda samples: sentiment_task(),
    "g2p": lambda samples: spelling_task("g2p", "phonemes"),
    "g2p_words": lambda samples: spelling_task("g2p_words", "top1"),
    "efficientnet": lambda samples: cells_task(),
}
"""How to load each network, given how many questions are wanted."""

SAME_ANSWERS = {"g2p_words": "g2p"}
"""Networks that differ from another one by their metric alone."""


@cache
def load_task(name: str, samples: int | None = None, inputs: str = "", axes: str = "") -> Task:
    """A network with its data.

    Parameters
    ----------
    name : str
        In `NETWORKS`, or the path of an ONNX model.
    samples : int, optional
        How many questions are wanted.
    inputs : str
        Path of an ONNX model's data, see `fp8mac.sim.networks.tasks.own`.
    axes : str
        Of the questions in them, see `fp8mac.sim.networks.onnx.layout.parse_axes`.

    Raises
    ------
    NetworkError
        If there is no such network, or it has fewer questions.
    FetchError
        If it has not been fetched.
    """
    if is_own(name):
        if not inputs:
            raise NetworkError(f"'{name}' needs data; name an npz file with --inputs.")
        task = own_task(Path(name), Path(inputs), axes)
    elif name in NETWORKS:
        task = NETWORKS[name](samples)
    else:
        raise NetworkError(
            f"Unknown network '{name}'; there are {', '.join(NETWORKS)}, and paths that end in "
            ".onnx."
        )
    if samples is not None and not 0 < samples <= len(task.truth):
        raise NetworkError(f"{name} has 1 to {len(task.truth)} questions, not {samples}.")
    return task


def is_own(name: str) -> bool:
    """Whether a network is a user's own model, a path."""
    return name.endswith(".onnx")
