"""The command that writes the page."""

import re
import signal
import socket
import subprocess
import sys
import urllib.request

from children import INTERRUPTIBLE, wait_until
from typer.testing import CliRunner

from fp8mac.cli.app import app


def test_report_of_published_tables(tmp_path):
    place = tmp_path / "report.html"
    result = CliRunner().invoke(app, ["report", "-o", str(place)])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"Wrote {place}.\n")
    text = place.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "Made by fp8mac report, from the tables grid, curve, peers, fpga, route." in text


def test_report_of_nothing(tmp_path):
    result = CliRunner().invoke(app, ["report", "--results", str(tmp_path), "-o", "x.html"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"There are no tables in '{tmp_path}'; name a folder that fp8mac grid wrote to.\n"
    )


def test_serve_until_an_interrupt():
    """A page is served, and Ctrl-C is how it ends."""
    code = "from fp8mac.cli.start import main; main()"
    command = [*INTERRUPTIBLE, sys.executable, "-c", code, "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr
        line = child.stderr.readline()
        found = re.fullmatch(r"The page is at (http://127\.0\.0\.1:\d+/); Ctrl-C ends it\.\n", line)
        assert found, line
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        text = opener.open(found[1], timeout=60).read().decode()
        assert "A unit of your own" in text
        child.send_signal(signal.SIGINT)
        wait_until(lambda: child.poll() is not None)
        assert child.returncode == 0


def test_serve_where_somebody_listens():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["serve", "--port", str(port)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Port {port} of 127.0.0.1 cannot be had: Address already in use.\n"


def test_pictures_of_nothing(tmp_path):
    (tmp_path / "grid.csv").write_text(
        "unit,shape,two_input_gates,flip_flops,area_ge,delay_fo4,energy_unit_delay_cinv_v2,flow,"
        "library\nmac_e4m3_e4m3_fp16,unit,822,16,866.5,182.5,6917.25,area,fp8mac\n"
    )
    place = tmp_path / "out"
    words = ["pictures", "--results", str(tmp_path), "--output-dir", str(place)]
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "None of the 1 rows has both a loss and area_ge.\n"
    assert not place.exists()
