"""ONNX models inside packages, with seeded questions for them: text, sound, figures and files.

=============  ==============  ===========================================================
model          package         asked about
=============  ==============  ===========================================================
rapidocr_det   rapidocr        where the text is on pages of three lines
rapidocr_cls   rapidocr        whether a line of text is upside down
rapidocr_rec   rapidocr        what a line of text says
magika         magika          what kind of file it is
basic_pitch    basic_pitch     which notes sound
nudenet        nudenet         what there is of drawn figures
ddddocr        ddddocr         what a line of text says; a recurrent network
ddddocr_det    ddddocr         where the text is
silero_vad     silero_vad      how likely somebody speaks; a recurrent network in branches
=============  ==============  ===========================================================

Questions tell whether a unit gives float32's answers, not how good a network is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.sim.networks.data.fetch import (
    BASIC_PITCH,
    DDDDOCR,
    MAGIKA,
    NUDENET,
    RAPIDOCR,
    SILERO_VAD,
    Package,
    find,
    read_member,
)
from fp8mac.sim.networks.tasks import packaged_questions as questions

__all__ = ["MODELS", "PackagedModel"]

Array = NDArray[Any]
Random = np.random.Generator

_SEED = 3


@dataclass(frozen=True)
class PackagedModel:
    """A model, and how questions for it are made.

    Parameters
    ----------
    network : str
        As ``fp8mac fetch`` knows it.
    package : Package
        Where it is.
    member : str
        Its path in the archive.
    questions : callable
        From a random generator and a number to that many questions, by name of the input.
    count : int
        How many are asked, those that calibrate included.
    """

    network: str
    package: Package
    member: str
    questions: Callable[[Random, int], dict[str, Array]]
    count: int = 134

    def model(self) -> bytes:
        """The file.

        Raises
        ------
        FetchError
            If it has not been fetched.
        """
        return read_member(find(self.package, self.network), self.member)

    def inputs(self, count: int | None = None) -> dict[str, Array]:
        """Seeded questions."""
        return self.questions(np.random.default_rng(_SEED), count or self.count)


_OCR = "rapidocr_onnxruntime/models/ch_"
MODELS: dict[str, PackagedModel] = {
    "rapidocr_det": PackagedModel(
        "rapidocr", RAPIDOCR, f"{_OCR}PP-OCRv4_det_infer.onnx", questions.pages
    ),
    "rapidocr_cls": PackagedModel(
        "rapidocr", RAPIDOCR, f"{_OCR}ppocr_mobile_v2.0_cls_infer.onnx", questions.turned
    ),
    "rapidocr_rec": PackagedModel(
        "rapidocr", RAPIDOCR, f"{_OCR}PP-OCRv4_rec_infer.onnx", questions.lines
    ),
    "magika": PackagedModel(
        "magika", MAGIKA, "magika/models/standard_v3_3/model.onnx", questions.files
    ),
    "basic_pitch": PackagedModel(
        "basic_pitch",
        BASIC_PITCH,
        "basic_pitch/saved_models/icassp_2022/nmp.onnx",
        questions.sounds,
        28,
    ),
    "nudenet": PackagedModel("nudenet", NUDENET, "nudenet/320n.onnx", questions.figures),
    "ddddocr": PackagedModel("ddddocr", DDDDOCR, "ddddocr/common.onnx", questions.grey_lines, 68),
    "ddddocr_det": PackagedModel(
        "ddddocr", DDDDOCR, "ddddocr/common_det.onnx", questions.big_pages, 12
    ),
    "silero_vad": PackagedModel(
        "silero_vad", SILERO_VAD, "silero_vad/data/silero_vad.onnx", questions.speech, 268
    ),
}
"""By the names that the table in docs/accuracy.md has."""
