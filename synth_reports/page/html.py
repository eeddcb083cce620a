"""The page as one text: template, style, script and data, nothing that is fetched."""

import base64
import hashlib
import html
import json
import re
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from fp8mac.synth_reports.page.findings import findings
from fp8mac.synth_reports.page.points import IDENTITY, MEASURES, Contents, table_of
from fp8mac.synth_reports.page.sheets import sheets_of

__all__ = ["page_text"]

_WEB = files("fp8mac.synth_reports.page") / "web"
_SCRIPTS = ("base", "front", "filters", "chart", "table", "whatif", "panel")
_FORM = ("serve",)
_TITLE = "fp8mac: what units cost, and what they lose"
_LEAD = (
    "Multiply-accumulate units for FP8 and INT8; every point is a unit that was built and measured."
    " Choose a view, filter, and open a point for its data sheet."
)


def page_text(contents: Contents, *, served: bool = False) -> str:
    """The whole page.

    Parameters
    ----------
    contents : Contents
        What it shows.
    served : bool
        Whether a server answers its form; else there is none, and nothing may be fetched.

    Returns
    -------
    str
        HTML, the same for the same contents.
    """
    points = contents.points
    scripts = [*_SCRIPTS, *(_FORM if served else ()), "main"]
    script = "\n".join(_read(f"{name}.js") for name in scripts)
    style = _read("page.css")
    data = {
        "columns": table_of(points),
        "measures": [vars(each) for each in MEASURES],
        "identity": IDENTITY,
        "verilog": dict(contents.verilog),
        "sheets": sheets_of((each.unit for each in points if each.is_ours), contents),
    }
    return _filled(
        _read("page.html"),
        policy=_policy(style, script, served=served),
        version=html.escape(version("fp8mac")),
        title=_TITLE,
        lead=_LEAD,
        origin=html.escape(contents.origin),
        findings="\n".join(f"    <li>{html.escape(each)}</li>" for each in findings(points)),
        form=_read("form.html") if served else "",
        style=style,
        script=script,
        data=_json(data),
    )


def _filled(template: str, **texts: str) -> str:
    """Text with ``{{name}}`` replaced; what is put in is not read again."""
    return re.sub(r"{{(\w+)}}", lambda match: texts[match[1]], template)


def _read(name: str) -> str:
    return (_WEB / name).read_text(encoding="utf-8")


def _json(what: Any) -> str:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(what, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _policy(style: str, script: str, *, served: bool) -> str:
    """What a browser lets the page do: its own style and script by their hashes, nothing else."""
    rules = {
        "default-src": "'none'",
        "style-src": _hash(style),
        "script-src": _hash(script),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    if served:
        rules["connect-src"] = "'self'"
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
