"""The experiments on networks: which cases each is made of."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from fp8mac.hw.config.silicon.named import line_of
from fp8mac.hw.config.unit import MacConfig, parse_line, parse_unit
from fp8mac.sim.networks.errors import NetworkError
from fp8mac.sim.networks.tasks.images import EMBEDDED
from fp8mac.sim.networks.tasks.zoo import is_own, load_task
from fp8mac.synth_reports.experiments.accuracy.accuracy import Case

__all__ = [
    "ACCUMULATORS",
    "EXPERIMENTS",
    "FORMATS",
    "SAMPLES",
    "SILICON",
    "case_of",
    "cases",
    "questions",
]

FORMATS = "int8 e2m5 e3m4 e4m3 e5m2".split()
ACCUMULATORS = "kulisch fp32 fp16 e6m9 bf16".split()

SAMPLES = {
    "digits_mlp": 600,
    "digits_cnn": 600,
    "fmnist": 2000,
    "minilm": 353,
    "minilm_simlex": 999,
    "minilm_sentiment": 400,
    "g2p": 2000,
    "g2p_words": 2000,
    "efficientnet": 400,
}
"""Questions that each network is asked."""

_ASIDE = {
    "fmnist": 500,
    "minilm": 60,
    "minilm_simlex": 240,
    "minilm_sentiment": 150,
    "g2p": 1000,
    "g2p_words": 1000,
    "efficientnet": 100,
}
"""Of them, those of the experiments that are not about formats and accumulators."""

_LONGEST_SUM = {"digits_mlp": 64, "digits_cnn": 144, "fmnist": 576, "g2p": 256, "g2p_words": 256}
_RESIDUAL = ("minilm", "efficientnet")  # have residual connections
SILICON = {
    "h100-fp8": "h100-fp8-e4m3",
    "h100-fp8, promoted": f"{line_of('h100-fp8-e4m3')}, chunk 128 -> fp32",
    "h100-mmasync": "h100-mmasync-e4m3",
    "b200-fp8": "b200-fp8-e4m3",
    "mi300-fp8": "mi300-fp8",
    "rvbna-fp8": "rvbna-fp8-e4m3",
    "fdot-fp8": "fdot-fp8",
    "exact": "e4m3 -> kulisch",
}
"""Units of real silicon, by what tables call them; sums of one of them are promoted every 128."""

_W4A8 = (("int8", "int4"), ("e4m3", "int4"), ("e4m3", "e2m1"), ("int4", "int4"))
_TRAINED = ("int8,int8", "e2m5,e2m5", "e3m4,e3m4", "e4m3,e4m3", "int8,int4")
_BIASES = range(2, 15, 2)


def _formats(network: str, samples: int) -> Iterator[Case]:
    for format_ in FORMATS:
        for acc in ACCUMULATORS:
            yield Case(network, format_, format_, acc, samples)


def _calibration(network: str, samples: int) -> Iterator[Case]:
    for format_ in FORMATS:
        for calibration in ("max", "percentile", "mse"):
            yield Case(network, format_, format_, "kulisch", samples, calibration)
        if network.startswith("minilm"):
            continue
        yield Case(network, format_, format_, "kulisch", samples, per_channel=False)
        yield Case(network, format_, format_, "kulisch", samples, power_of_two=True)


def _headroom(network: str, samples: int) -> Iterator[Case]:
    for format_ in FORMATS:
        for headroom in (True, False):
            yield Case(network, format_, format_, "fp16", samples, headroom=headroom)


def _w4a8(network: str, samples: int) -> Iterator[Case]:
    for a, w in _W4A8:
        for acc in ("kulisch", "fp16", "bf16"):
            yield Case(network, a, w, acc, samples)


def _cast(network: str, samples: int) -> Iterator[Case]:
    """Scaled, cast, and cast with moved biases; with residuals where there are some."""
    residuals = (False, True) if network.startswith(_RESIDUAL) else (False,)
    for residual in residuals:
        for format_ in FORMATS[1:]:
            rest = format_ if residual else ""
            yield Case(network, format_, format_, "kulisch", samples, residual=rest)
            yield Case(network, format_, format_, "kulisch", samples, "none", residual=rest)
        for bias in _BIASES:
            format_ = f"e4m3b{bias}"
            rest = format_ if residual else ""
            yield Case(network, format_, format_, "kulisch", samples, "none", residual=rest)


def _partial_sums(network: str, samples: int) -> Iterator[Case]:
    longest = _LONGEST_SUM.get(network, 1536)
    for acc in ("fp16", "e6m9", "bf16"):
        for chunk in (32, 64, 128, 256, 512):
            if chunk < longest:
                yield Case(network, "e4m3", "e4m3", acc, samples, chunk=chunk)
        yield Case(network, "e4m3", "e4m3", acc, samples)


def _qat(network: str, samples: int) -> Iterator[Case]:
    if network not in EMBEDDED:
        return
    for trained in _TRAINED:
        a, w = trained.split(",")
        for acc in ("kulisch", "fp16", "bf16"):
            yield Case(network, a, w, acc, samples)
            yield Case(network, a, w, acc, samples, trained="fp32")
            yield Case(network, a, w, acc, samples, trained=trained)


def _convert(network: str, samples: int) -> Iterator[Case]:
    if network not in EMBEDDED:
        return
    for ours, other in (("e4m3", "int8"), ("int8", "e4m3")):
        for format_, trained in ((ours, ""), (ours, ours), (other, ours), (other, "")):
            pair = f"{trained},{trained}" if trained else ""
            yield Case(network, format_, format_, "kulisch", samples, trained=pair)


def _silicon(network: str, samples: int) -> Iterator[Case]:
    for text in SILICON.values():
        config = parse_line(text)
        names = (*config.operand_names, config.accumulator.name)
        yield Case(network, *names, samples, unit=config.text)


EXPERIMENTS: dict[str, Callable[[str, int], Iterator[Case]]] = {
    "formats": _formats,
    "calibration": _calibration,
    "headroom": _headroom,
    "w4a8": _w4a8,
    "cast": _cast,
    "partial_sums": _partial_sums,
    "qat": _qat,
    "convert": _convert,
    "silicon": _silicon,
}
"""By name, the cases of a network with so many questions."""

_FEW = {"qat": ("digits",), "convert": ("digits",), "silicon": ("digits", "fmnist")}
"""How the networks' names begin for which an experiment is done unless it is asked for by name."""


def cases(
    networks: Sequence[str],
    experiments: Sequence[str] = (),
    samples: int | None = None,
    inputs: str = "",
    axes: str = "",
) -> list[tuple[str, Case]]:
    """Experiments and their cases.

    Training of fmnist is only done where it is asked for by name: it takes the whole data set.
    """
    for name in experiments:
        if name not in EXPERIMENTS:
            raise NetworkError(f"Unknown experiment '{name}'; there are {', '.join(EXPERIMENTS)}.")
    return [
        (name, replace(case, inputs=inputs, axes=axes) if is_own(network) else case)
        for network in networks
        for name in experiments or EXPERIMENTS
        if experiments or network.startswith(_FEW.get(name, ""))
        for case in EXPERIMENTS[name](network, samples or questions(network, name, inputs, axes))
    ]


def questions(network: str, experiment: str = "formats", inputs: str = "", axes: str = "") -> int:
    """How many a network is asked."""
    if network not in SAMPLES:
        return len(load_task(network, None, inputs, axes).truth)
    return SAMPLES[network] if experiment == "formats" else _ASIDE.get(network, SAMPLES[network])


def case_of(config: MacConfig, network: str, samples: int, **more: Any) -> Case:
    """A network on a unit.

    Parameters
    ----------
    config : MacConfig
        The unit.
    network, samples, **more
        Of `Case`.
    """
    names, acc = config.operand_names, config.accumulator.name
    plain = parse_unit(*names, acc=acc) == config  # formats and accumulator say everything
    return Case(network, *names, acc, samples, unit="" if plain else config.text, **more)
