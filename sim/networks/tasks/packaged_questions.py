"""Seeded questions for models inside packages: pages, lines, figures, sounds, speech and files.

They are drawn with what every installation has: Pillow's own font, numpy, the standard library.
Each function gives a number of questions by the names of a model's inputs.
"""

import csv
import gzip
import io
import json
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = [
    "big_pages",
    "figures",
    "files",
    "grey_lines",
    "lines",
    "pages",
    "sounds",
    "speech",
    "turned",
]

Array = NDArray[Any]
Random = np.random.Generator

_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ2345678"


def _text(random: Random, sides: tuple[int, int], size: int, place: tuple[int, int]) -> Image.Image:
    """A word, grey on grey: ``sides`` are height and width."""
    dark, light = random.integers(0, 90), random.integers(150, 256)
    paper, ink = (light, dark) if random.random() < 0.7 else (dark, light)
    image = Image.new("L", (sides[1], sides[0]), int(paper))
    word = "".join(random.choice(list(_LETTERS), random.integers(4, 8)))
    ImageDraw.Draw(image).text(place, word, int(ink), ImageFont.load_default(size))
    return image


def _noisy(random: Random, image: Image.Image) -> Array:
    """As numbers from 0 to 255, with grain."""
    x = np.asarray(image, np.float32)
    return np.clip(x + random.normal(0, 6, x.shape), 0, 255).astype(np.float32)


def _line(random: Random, height: int, width: int) -> Array:
    size = int(random.integers(height // 2, height * 3 // 4))
    place = (int(random.integers(2, 10)), (height - size) // 3)
    return _noisy(random, _text(random, (height, width), size, place))


def _page(random: Random, side: int) -> Array:
    """Three lines somewhere, one below the other."""
    third = side // 3
    parts = []
    for _ in range(3):
        size = int(random.integers(third // 4, third // 2))
        place = (int(random.integers(2, third)), int(random.integers(2, third // 2)))
        parts.append(np.asarray(_text(random, (third, side), size, place)))
    page = np.full((side, side), 230, np.uint8)
    page[: 3 * third] = np.concatenate(parts)
    return _noisy(random, Image.fromarray(page))


def _coloured(x: Array, mean: Any = 0.5, deviation: Any = 0.5) -> Array:
    """Three equal channels, normalised."""
    three = np.repeat(x[:, None] / 255, 3, 1)
    mean, deviation = (np.reshape(each, (-1, 1, 1)) for each in (mean, deviation))
    return ((three - mean) / deviation).astype(np.float32)


def pages(random: Random, count: int) -> dict[str, Array]:
    """Pages of 160 x 160."""
    x = np.stack([_page(random, 160) for _ in range(count)])
    return {"x": _coloured(x, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))}


def turned(random: Random, count: int) -> dict[str, Array]:
    """Lines, every second upside down."""
    x = np.stack([_line(random, 48, 192) for _ in range(count)])
    x[1::2] = x[1::2, ::-1, ::-1]
    return {"x": _coloured(x)}


def lines(random: Random, count: int) -> dict[str, Array]:
    """Lines in three colours that are equal."""
    return {"x": _coloured(np.stack([_line(random, 48, 192) for _ in range(count)]))}


def grey_lines(random: Random, count: int) -> dict[str, Array]:
    """Lines in grey."""
    x = np.stack([_line(random, 64, 192) for _ in range(count)])
    return {"input1": (x[:, None] / 255).astype(np.float32)}


def big_pages(random: Random, count: int) -> dict[str, Array]:
    """Pages of 416 x 416, not normalised."""
    x = np.stack([_page(random, 416) for _ in range(count)])
    return {"images": np.repeat(x[:, None], 3, 1)}


def figures(random: Random, count: int) -> dict[str, Array]:
    """Heads, bodies, arms and legs of ellipses."""
    pictures = []
    for _ in range(count):
        ground = tuple(int(each) for each in random.integers(0, 256, 3))
        skin = tuple(int(each) for each in random.integers((150, 100, 70), (255, 210, 190)))
        image = Image.new("RGB", (160, 160), ground)
        draw = ImageDraw.Draw(image)
        x, y = (int(each) for each in random.integers((40, 30), (120, 50)))
        wide = int(random.integers(10, 18))
        for left, top, right, bottom in (
            (-wide, -20, wide, 16),
            (-2 * wide, 14, 2 * wide, 80),
            (-3 * wide, 20, -2 * wide, 75),
            (2 * wide, 20, 3 * wide, 75),
            (-wide - 8, 70, -2, 125),
            (2, 70, wide + 8, 125),
        ):
            draw.ellipse((x + left, y + top, x + right, y + bottom), skin, outline=(60, 40, 30))
        for side in (-1, 1):
            eye = x + side * wide // 2
            draw.ellipse((eye - 3, y - 8, eye + 3, y - 3), (250, 250, 250), outline=(20, 20, 20))
        draw.arc((x - wide // 2, y - 4, x + wide // 2, y + 9), 20, 160, (150, 40, 40), 2)
        pictures.append(_noisy(random, image).transpose(2, 0, 1))
    return {"images": (np.stack(pictures) / 255).astype(np.float32)}


def sounds(random: Random, count: int) -> dict[str, Array]:
    """One to four struck strings in two seconds at 22,050 Hz."""
    time = np.arange(43844) / 22050
    x = np.zeros((count, len(time)), np.float32)
    for n in range(count):
        for _ in range(random.integers(1, 5)):
            pitch, start = 440 * 2 ** ((random.integers(40, 84) - 69) / 12), random.uniform(0, 1.2)
            since = np.maximum(time - start, 0)
            for harmonic in range(1, 7):
                wave = np.sin(2 * np.pi * pitch * harmonic * since) / harmonic
                x[n] += 0.2 * wave * np.exp(-2 * harmonic**0.5 * since)
        x[n] += random.normal(0, 1e-3, len(time))
    return {"serving_default_input_2:0": x[..., None]}


def speech(random: Random, count: int) -> dict[str, Array]:
    """Vowels of every pitch, noise and silence at 16,000 Hz; the state is that of a start."""
    time = np.arange(576) / 16000
    x = np.zeros((count, len(time)), np.float32)
    for n in range(count):
        if n % 3:
            pitch = random.uniform(90, 260)
            formants = random.uniform((300, 900, 2200), (800, 2200, 3000))
            for harmonic in np.arange(pitch, 4000, pitch):
                gain = sum(1 / (1 + ((harmonic - each) / 120) ** 2) for each in formants)
                phase = random.uniform(0, 2 * np.pi)
                x[n] += 0.1 * gain * np.sin(2 * np.pi * harmonic * time + phase)
        x[n] += random.normal(0, 10 ** random.uniform(-4, -1.5), len(time))
    return {"input": x, "state": np.zeros((2, count, 128), np.float32), "sr": np.array(16000)}


def _words(random: Random, rows: int, columns: int = 1) -> list[list[str]]:
    letters = random.choice(list("aeioubdklmnrst"), (rows, columns, 6))
    return [["".join(word) for word in row] for row in letters]


def files(random: Random, count: int) -> dict[str, Array]:
    """Files of ten kinds, as magika reads them: the first and the last 1,024 bytes."""
    rows = [_tokens(_KINDS[n % len(_KINDS)](random)) for n in range(count)]
    return {"bytes": np.stack(rows)}


def _tokens(content: bytes) -> Array:
    row = np.full(2048, 256, np.int32)
    first, last = content.lstrip()[:1024], content.rstrip()[-1024:]
    row[: len(first)] = list(first)
    row[2048 - len(last) :] = list(last)
    return row


def _json(random: Random) -> bytes:
    rows = [{a: b, "n": int(random.integers(999))} for a, b in _words(random, 40, 2)]
    return json.dumps(rows, indent=int(random.integers(1, 5))).encode()


def _csv(random: Random) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_words(random, 1, 5)[0])
    writer.writerows(random.integers(0, 10**6, (60, 5)).tolist())
    return text.getvalue().encode()


def _python(random: Random) -> bytes:
    parts = (
        f"def {a}({b}, {c}=None):\n    if {c} is None:\n        {c} = [{b}]\n    return {c}\n"
        for a, b, c in _words(random, 20, 3)
    )
    return ("import os\nimport sys\n\n\n" + "\n\n".join(parts)).encode()


def _c(random: Random) -> bytes:
    parts = (
        f"int {a}(const char *{b}, size_t n)\n{{\n\tif (!{b})\n\t\treturn -1;\n\treturn n;\n}}\n"
        for a, b in _words(random, 20, 2)
    )
    return ("#include <stdio.h>\n#include <string.h>\n\n" + "\n".join(parts)).encode()


def _html(random: Random) -> bytes:
    items = "".join(f'<li><a href="/{each}">{each}</a></li>\n' for (each,) in _words(random, 60))
    return f"<!DOCTYPE html>\n<html>\n<body>\n<ul>\n{items}</ul>\n</body>\n</html>\n".encode()


def _ini(random: Random) -> bytes:
    parts = (f"[{a}]\n{b} = {c}\n{d} = 1\n" for a, b, c, d in _words(random, 20, 4))
    return "\n".join(parts).encode()


def _prose(random: Random) -> bytes:
    return "\n".join(" ".join(row) + "." for row in _words(random, 30, 11)).encode()


def _picture(random: Random) -> bytes:
    file = io.BytesIO()
    Image.fromarray(random.integers(0, 256, (24, 24, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def _zip(random: Random) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for (each,) in _words(random, 5):
            archive.writestr(zipfile.ZipInfo(f"{each}.bin"), random.bytes(300))
    return file.getvalue()


def _gzip(random: Random) -> bytes:
    return gzip.compress(random.bytes(2000), mtime=0)


_KINDS = (_json, _csv, _python, _c, _html, _ini, _prose, _picture, _zip, _gzip)
