"""From a configuration to Verilog that is used as is, and a JSON description beside it.

One Yosys writes the Verilog and synthesises it, see ``docs/adr/0003-one-yosys.md``. The module is
flat: a net is named after the part it belongs to, ``accumulator__align__difference``.
"""

import hashlib
import json
import re
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from fp8mac.gen.describe import describe, describe_stream, module_name
from fp8mac.gen.files import is_stream, write_atomically
from fp8mac.gen.header import header_text
from fp8mac.gen.rtlil import rtlil_text, stream_rtlil
from fp8mac.gen.yosys import Yosys, find_yosys
from fp8mac.hw.config.ports import Port, Shape, ports, stream_ports
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.config.unit import MacConfig

__all__ = [
    "is_proved",
    "module_contents",
    "module_sha256",
    "stream_text",
    "streamed_contents",
    "streamed_text",
    "verilog_text",
    "write_stream",
    "write_verilog",
]

_TO_VERILOG = """\
read_rtlil design.il
hierarchy -check -top {top}
proc
flatten
opt_expr
opt_merge
opt_clean -purge
delete */t:$scopeinfo
write_verilog -noattr design.v
"""

# Yosys leaves widths, and bits of one vector that depend on others, to Verilog's rules.
_LINT_OFF = "/* verilator lint_off WIDTH */\n/* verilator lint_off UNOPTFLAT */\n"
_LINT_ON = "/* verilator lint_on UNOPTFLAT */\n/* verilator lint_on WIDTH */\n"

# A vector of the RTL keeps the bits that nothing reads; the file may have any name. These comments
# are not part of what is proved, see `module_sha256`.
_UNPROVED_LINT = ("UNUSED", "DECLFILENAME")

_ESCAPED = re.compile(r"\\(\S+) ")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def verilog_text(
    config: MacConfig,
    shape: Shape,
    *,
    goal: Built = Goal.AREA,
    command: str | None = None,
    netlist: str | None = None,
) -> str:
    """Verilog-2005 of a unit, or of its combinational core.

    The text depends on the configuration, ``command``, the versions of Amaranth and Yosys, and on
    whether there is a proof of just this module.

    Parameters
    ----------
    command : str, optional
        Command to name in the header, as what makes this file again.
    netlist : str, optional
        Module to write in place of the RTL, see `fp8mac.proofs.netlists`.

    Raises
    ------
    YosysError
        If there is no Yosys that can be used.
    """
    yosys = find_yosys(verilog_only=True)
    body = _LINT_OFF + (netlist or _rtl_text(config, shape, goal, yosys)) + _LINT_ON
    description = describe(config, shape, goal=goal) | {"form": _form(netlist)}
    digest = module_sha256(body)
    proved = is_proved(str(description["module"]), digest)
    header = header_text(description, command, yosys.version, digest, proved=proved)
    return f"{header}{_lint('off')}\n{body}{_lint('on')}"


def _lint(state: str) -> str:
    return "".join(f"// verilator lint_{state} {code}\n" for code in _UNPROVED_LINT)


def _form(netlist: str | None) -> str:
    return "rtl" if netlist is None else "netlist"


def _rtl_text(config: MacConfig, shape: Shape, goal: Built, yosys: Yosys) -> str:
    top = module_name(config, shape, goal=goal)
    return _to_verilog(rtlil_text(config, shape, goal=goal), top, ports(config, shape), yosys)


def _to_verilog(rtlil: str, top: str, table: tuple[Port, ...], yosys: Yosys) -> str:
    script = _TO_VERILOG.format(top=top)
    written = yosys.run(script, {"design.il": rtlil}, outputs=("design.v",))
    return _tidy(written["design.v"], top, table)


def stream_text(config: MacConfig, *, goal: Built = Goal.AREA, command: str | None = None) -> str:
    """Verilog-2005 of a unit between two streams, see `fp8mac.hw.units.stream.StreamMac`.

    Raises
    ------
    ConfigError
        If there is no circuit for it.
    YosysError
        If there is no Yosys that can be used.
    """
    table = stream_ports(config)
    return streamed_text(
        describe_stream(config, goal=goal), stream_rtlil(config, goal=goal), table, command
    )


def streamed_text(
    description: dict[str, object], rtlil: str, table: tuple[Port, ...], command: str | None
) -> str:
    """Verilog-2005 of what stands between streams: its description, RTLIL and ports."""
    yosys = find_yosys(verilog_only=True)
    body = _LINT_OFF + _to_verilog(rtlil, str(description["module"]), table, yosys) + _LINT_ON
    facts = description | {"form": _form(None)}
    header = header_text(facts, command, yosys.version, module_sha256(body), proved=False)
    return f"{header}{_lint('off')}\n{body}{_lint('on')}"


def streamed_contents(
    description: dict[str, object], text: str, command: str | None
) -> tuple[str, str]:
    """Verilog of what stands between streams, and its description as JSON."""
    facts = description | {
        "command": command,
        "module_sha256": module_sha256(text),
        "tools": {"amaranth": version("amaranth"), "yosys": find_yosys(verilog_only=True).version},
    }
    return text, json.dumps(facts, indent=2) + "\n"


def write_stream(
    config: MacConfig, path: Path, *, goal: Built = Goal.AREA, command: str | None = None
) -> list[Path]:
    """Write the Verilog of a unit between two streams; parameters and the rest: `write_verilog`."""
    text = stream_text(config, goal=goal, command=command)
    return _write(*streamed_contents(describe_stream(config, goal=goal), text, command), path)


def module_sha256(verilog: str) -> str:
    """Hash of Verilog without the comments above and below: what a proof is about."""
    body = re.sub(r"\A(?:\s*//.*\n)*\s*", "", verilog)
    body = re.sub(r"(?:^//.*\n)+\Z", "", body, flags=re.MULTILINE)
    return hashlib.sha256(body.encode()).hexdigest()


def is_proved(module: str, sha256: str) -> bool:
    """Whether the certificate of `fp8mac prove` lists a module with this hash."""
    certificate = files("fp8mac.synth_reports") / "results" / "proofs.json"
    try:
        return json.loads(certificate.read_text(encoding="utf-8"))["proved"].get(module) == sha256
    except FileNotFoundError:
        return False


def module_contents(
    config: MacConfig,
    shape: Shape,
    *,
    goal: Built = Goal.AREA,
    command: str | None = None,
    netlist: str | None = None,
) -> tuple[str, str]:
    """Verilog of a unit, and its description as JSON; parameters are those of `verilog_text`."""
    text = verilog_text(config, shape, goal=goal, command=command, netlist=netlist)
    description = describe(config, shape, goal=goal) | {
        "form": _form(netlist),
        "command": command,
        "module_sha256": (digest := module_sha256(text)),
        "proved": is_proved(module_name(config, shape, goal=goal), digest),
        "tools": {"amaranth": version("amaranth"), "yosys": find_yosys(verilog_only=True).version},
    }
    return text, json.dumps(description, indent=2) + "\n"


def write_verilog(
    config: MacConfig,
    shape: Shape,
    path: Path,
    *,
    goal: Built = Goal.AREA,
    command: str | None = None,
    netlist: str | None = None,
) -> list[Path]:
    """Write the Verilog of a unit, and its description as JSON beside it.

    Beside a device, a pipe or standard output there is no place for a description.

    Parameters
    ----------
    path : Path
        Verilog file; the description gets the suffix ``.json``.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    OSError
        If a file cannot be written; then neither is.
    """
    text, description = module_contents(config, shape, goal=goal, command=command, netlist=netlist)
    return _write(text, description, path)


def _write(text: str, description: str, path: Path) -> list[Path]:
    """Write Verilog, and its description where it has a place."""
    contents: dict[Path, str | bytes] = {path: text}
    if not is_stream(path):
        contents[path.with_suffix(".json")] = description
    write_atomically(contents)
    return list(contents)


def _tidy(text: str, top: str, table: tuple[Port, ...]) -> str:
    """Plain identifiers, ports in order, no banner; what is computed stays as it is."""
    text = re.sub(r"\A/\*.*?\*/\s*", "", text, flags=re.S)
    taken = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", _ESCAPED.sub(" ", text)))
    names: dict[str, str] = {}

    def plain(match: re.Match[str]) -> str:
        escaped = match[1]
        if escaped not in names:
            stem = escaped.removeprefix("core.").replace(".", "__")
            stem = re.sub(r"[^A-Za-z0-9_]", "_", stem)
            stem = stem if _PLAIN.fullmatch(stem) else f"n_{stem}"
            name, count = stem, 1
            while name in taken:
                count += 1
                name = f"{stem}_{count}"
            taken.add(name)
            names[escaped] = name
        return names[escaped]

    text = _ESCAPED.sub(plain, text)
    order = ", ".join(port.name for port in table)
    text, found = re.subn(rf"module {top} ?\([^)]*\);", f"module {top}({order});", text)
    assert found == 1
    return text
