"""ONNX models inside packages on a unit of fp16 into fp32: whether answers stay float32's.

::

    python -m fp8mac.synth_reports.experiments.accuracy.packaged [MODEL]... [-o FOLDER]

Fetched models (``fp8mac fetch rapidocr magika ...``) and their seeded questions go to FOLDER
as ``MODEL.onnx`` and ``MODEL.npz``, the command that a user would type is run on each, and
``packaged.csv`` is written beside them.

=======================  ==========================================================================
column                   meaning
=======================  ==========================================================================
questions, products      asked; on the unit
agreement_percent        share of float32's answers; rank correlation times 100 of silero_vad
sqnr_db                  of the first output
float32_difference       of the model cut at its products, float32, to onnxruntime on the whole one:
                         largest, in all outputs for five questions, over the output's largest
onnxruntime_difference   of onnxruntime with its fusions to onnxruntime without
exact_difference         of the cut model with exact sums, each rounded once, to onnxruntime
=======================  ==========================================================================
"""

import argparse
import importlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.data.fetch import FetchError
from fp8mac.sim.networks.engines.reference import Plain, as_it_is
from fp8mac.sim.networks.models.sequential import Arrange
from fp8mac.sim.networks.tasks.packaged import MODELS
from fp8mac.synth_reports.render.tables import csv_table

__all__ = ["Differences", "command_of", "differences", "measure", "write_model"]

Array = NDArray[Any]

_COMPARED = 5


@dataclass(frozen=True)
class Differences:
    """Largest ones to onnxruntime on the whole model, over an output's largest number.

    Parameters
    ----------
    cut : float
        Of the model cut at its products, float32.
    plain : float
        Of onnxruntime without its fusions.
    exact : float
        Of the cut model, each sum rounded once.
    products : int
        How many the model has.
    """

    cut: float
    plain: float
    exact: float
    products: int


class _Exact(Plain):
    """Float32 with sums in float64, where float32's products are exact."""

    def linear(
        self, name: str, x: Array, weight: Array, bias: Array | None, arrange: Arrange = as_it_is
    ) -> Array:
        wide = None if bias is None else bias.astype(float)
        y = super().linear(name, x.astype(float), weight.astype(float), wide, arrange)
        return y.astype(np.float32)

    def product(self, name: str, a: Array, b: Array) -> Array:
        return super().product(name, a.astype(float), b.astype(float)).astype(np.float32)


def command_of(name: str) -> list[str]:
    """What a user types in the folder of both files."""
    files = ["--network", f"{name}.onnx", "--inputs", f"{name}.npz"]
    return ["fp8mac", "accuracy", *files, "--format", "fp16", "--acc", "fp32"]


def write_model(name: str, folder: Path) -> None:
    """A model and its questions.

    Raises
    ------
    FetchError
        If it has not been fetched.
    """
    model = MODELS[name]
    (folder / f"{name}.onnx").write_bytes(model.model())
    arrays: dict[str, Any] = dict(model.inputs())
    np.savez(folder / f"{name}.npz", **arrays)


def measure(name: str, folder: Path) -> dict[str, Any]:
    """A row of the table, by the command, in a folder that has both files."""
    words = command_of(name)
    program = str(Path(sys.executable).with_name(words[0]))
    child = subprocess.run(
        [program, *words[1:], "--json"], cwd=folder, capture_output=True, text=True, check=False
    )
    if child.returncode:
        raise RuntimeError(child.stderr.strip())
    result = json.loads(child.stdout)["result"]
    found = differences(name, folder)
    return {
        "model": name,
        "package": f"{MODELS[name].package.name} {MODELS[name].package.version}",
        "questions": result["samples"],
        "products": found.products,
        "agreement_percent": round(100 * result["agreement"], 2),
        "sqnr_db": round(result["sqnr_db"], 1),
        "float32_difference": f"{found.cut:.1e}",
        "onnxruntime_difference": f"{found.plain:.1e}",
        "exact_difference": f"{found.exact:.1e}",
    }


def differences(name: str, folder: Path) -> Differences:
    """Of the model in other ways of adding, for a few questions."""
    from fp8mac.sim.networks.onnx.model import load_onnx

    path = folder / f"{name}.onnx"
    model = load_onnx(path)
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    whole = runtime.InferenceSession(str(path), options)
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    plain = runtime.InferenceSession(str(path), options)
    ways = model.run, lambda feeds: plain.run(None, feeds), lambda feeds: model.run(feeds, _Exact())
    largest = [0.0] * len(ways)
    for feeds in _questions(name):
        wanted = whole.run(None, feeds)
        largest = [
            max(one, _apart(way(feeds), wanted)) for one, way in zip(largest, ways, strict=True)
        ]
    return Differences(*largest, products=len(model.products))


def _questions(name: str) -> list[dict[str, Array]]:
    """A few, as a model takes them: one after the other."""
    inputs = MODELS[name].inputs(_COMPARED)
    axis = {key: 1 if key == "state" else 0 for key in inputs}
    return [
        {key: x.take([n], axis[key]) if x.ndim else x for key, x in inputs.items()}
        for n in range(_COMPARED)
    ]


def _apart(found: list[Array], wanted: list[Array]) -> float:
    return max(
        float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(found, wanted, strict=True)
    )


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description="ONNX models inside packages on fp16 into fp32.")
    parser.add_argument("names", nargs="*", metavar="MODEL", help=", ".join(MODELS))
    parser.add_argument("-o", "--output-dir", type=Path, default=Path(), metavar="FOLDER")
    given = parser.parse_args()
    unknown = [name for name in given.names if name not in MODELS]
    if unknown:
        parser.error(f"unknown model '{unknown[0]}'; there are {', '.join(MODELS)}")
    given.output_dir.mkdir(parents=True, exist_ok=True)
    rows = []
    for name in given.names or MODELS:
        try:
            write_model(name, given.output_dir)
            rows.append(measure(name, given.output_dir))
        except (FetchError, RuntimeError) as error:
            parser.exit(2, f"{error}\n")
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    (given.output_dir / "packaged.csv").write_text(csv_table(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
