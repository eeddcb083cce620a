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
=======================  ==========================================================================
"""

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.data.fetch import FetchError
from fp8mac.sim.networks.tasks.packaged import MODELS
from fp8mac.synth_reports.render.tables import csv_table

__all__ = ["command_of", "differences", "measure", "write_model"]

_COMPARED = 5


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
    cut, fused, products = differences(name, folder)
    return {
        "model": name,
        "package": f"{MODELS[name].package.name} {MODELS[name].package.version}",
        "questions": result["samples"],
        "products": products,
        "agreement_percent": round(100 * result["agreement"], 2),
        "sqnr_db": round(result["sqnr_db"], 1),
        "float32_difference": f"{cut:.1e}",
        "onnxruntime_difference": f"{fused:.1e}",
    }


def differences(name: str, folder: Path) -> tuple[float, float, int]:
    """Of the cut model, and of onnxruntime without fusions, to onnxruntime; number of products."""
    from fp8mac.sim.networks.onnx.model import load_onnx

    path = folder / f"{name}.onnx"
    model = load_onnx(path)
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 4
    whole = runtime.InferenceSession(str(path), options)
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    plain = runtime.InferenceSession(str(path), options)
    cut, fused = 0.0, 0.0
    for feeds in _questions(name):
        wanted = whole.run(None, feeds)
        cut = max(cut, _apart(model.run(feeds), wanted))
        fused = max(fused, _apart(plain.run(None, feeds), wanted))
    return cut, fused, len(model.products)


def _questions(name: str) -> list[dict[str, NDArray[Any]]]:
    """A few, as a model takes them: one after the other."""
    inputs = MODELS[name].inputs(_COMPARED)
    axis = {key: 1 if key == "state" else 0 for key in inputs}
    return [
        {key: x.take([n], axis[key]) if x.ndim else x for key, x in inputs.items()}
        for n in range(_COMPARED)
    ]


def _apart(found: list[NDArray[Any]], wanted: list[NDArray[Any]]) -> float:
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
