"""The rooms of the package, and all of its modules, as they lie in the checkout."""

import re
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: Folders of the package; each is one below ``fp8mac`` but for `FRONT`, which is ``fp8mac`` itself.
FRONT = "api"
ROOMS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name != FRONT)


def module_name(path: Path) -> str:
    """Full name of the module in a file of the package."""
    folder, *inner = path.relative_to(ROOT).with_suffix("").parts
    parts = ("fp8mac", *([] if folder == FRONT else [folder]), *inner)
    return ".".join(parts).removesuffix(".__init__")


def _can_be_imported(path: Path) -> bool:
    """Whether a module needs no PyTorch, or PyTorch is here."""
    needs = re.compile(r'^ *(?:import|from) torch\b|find_spec\("torch"\)', re.M)
    return find_spec("torch") is not None or not needs.search(path.read_text(encoding="utf-8"))


#: Files of the package by the full names of their modules, packages included.
MODULES = {
    module_name(path): path
    for room in (FRONT, *ROOMS)
    for path in sorted((ROOT / room).rglob("*.py"))
    if _can_be_imported(path)
}
