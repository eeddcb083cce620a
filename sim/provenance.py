"""What code a result depends on, found by reading the code: keys of everything that is kept.

::

    import, from ... import, import_module(...), "fp8mac.x.y"      modules of the project
        (anywhere in a file, but not under `if TYPE_CHECKING`)       libraries, by their versions
    files("fp8mac.x") / "data" / f"{name}.npz", Path(__file__) ...   data beside the code

A key changes with every byte of these files, and with none of others. Nothing is imported for it.
The front door, the package above all others, makes no result and belongs to no key.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from threading import Lock

__all__ = ["Sources", "fingerprint"]

_parsing = Lock()

_PROJECT = __name__.partition(".")[0]
_TEXTS = re.compile(rf"""(["'])({_PROJECT}(?:\.\w+)+)\1""")
_IMPORTED_TEXTS = re.compile(r"""import_module\(\s*["'](\w+(?:\.\w+)*)["']""")


@dataclass(frozen=True)
class _Needs:
    """What one file names: modules, if they are any, and patterns of files below a package."""

    names: frozenset[str]
    data: frozenset[tuple[str, str]]


class Sources:
    """Files of the project, each read once.

    Parameters
    ----------
    read : callable
        Bytes of a file.
    version_of : callable
        Version of the library that a top-level module belongs to.
    """

    def __init__(
        self,
        read: Callable[[Path], bytes] = Path.read_bytes,
        version_of: "Callable[[str], str] | None" = None,
    ) -> None:
        self._read = cache(read)
        self._needs, self._modules = cache(self._needs), cache(self._modules)
        self._version_of = version_of or _version_of

    def closure(self, module: str) -> dict[str, Path]:
        """Files that a module needs, itself included; data are named ``<package>/<path>``.

        Raises
        ------
        ModuleNotFoundError
            If there is no such module in the project.
        """
        if _spec(module) is None:
            raise ModuleNotFoundError(f"There is no module {module}.", name=module)
        found: dict[str, Path] = {}
        for name in self._modules(module):
            if path := _source(name):
                found[name] = path
                found.update(_files(self._needs(name).data))
        return found

    def libraries(self, module: str) -> dict[str, str]:
        """Versions of what is not the project's and not Python's, by top-level module."""
        names = {need for name in self._modules(module) for need in self._needs(name).names}
        tops = {name.partition(".")[0] for name in names} - {_PROJECT} - sys.stdlib_module_names
        return {top: self._version_of(top) for top in sorted(tops)}

    def fingerprint(self, module: str) -> str:
        """Hash of all that a module needs."""
        parts = [f"python {sys.version_info[0]}.{sys.version_info[1]}"]
        parts += [f"{name} {number}" for name, number in self.libraries(module).items()]
        for name, path in sorted(self.closure(module).items()):
            parts.append(f"{name} {sha256(self._read(path)).hexdigest()}")
        return sha256("\n".join(parts).encode()).hexdigest()

    def _modules(self, module: str) -> list[str]:
        """Modules of the project that a module imports, directly or not, and their packages."""
        known, new = {module}, [module]
        while new:
            name = new.pop()
            package = name.rpartition(".")[0]
            for need in {*self._needs(name).names, package}:
                inside = need.startswith(f"{_PROJECT}.")
                if inside and need not in known and _spec(need):
                    known.add(need)
                    new.append(need)
        return sorted(known)

    def _needs(self, name: str) -> _Needs:
        path = _source(name)
        if path is None:
            return _Needs(frozenset(), frozenset())
        return _parse(self._read(path), _package(name))


@cache
def fingerprint(module: str) -> str:
    """Hash of all that a module needs: its own bytes, those that it imports, versions, data.

    Parameters
    ----------
    module : str
        Name of a module of the project. It need not be imported.

    Raises
    ------
    ModuleNotFoundError
        If there is none.
    """
    return Sources().fingerprint(module)


@cache
def _spec(name: str) -> ModuleSpec | None:
    """Where a module is; its packages are not imported, as `importlib.util.find_spec` does."""
    parent = name.rpartition(".")[0]
    above = _spec(parent) if parent else None
    if parent and (above is None or above.submodule_search_locations is None):
        return None
    path = above.submodule_search_locations if above else None
    specs = (finder.find_spec(name, path) for finder in sys.meta_path)
    return next((spec for spec in specs if spec), None)


def _source(name: str) -> Path | None:
    spec = _spec(name)
    return Path(spec.origin) if spec and spec.has_location and spec.origin else None


def _package(name: str) -> str:
    spec = _spec(name)
    is_package = spec is not None and spec.submodule_search_locations is not None
    return name if is_package else name.rpartition(".")[0]


def _files(patterns: frozenset[tuple[str, str]]) -> Iterator[tuple[str, Path]]:
    for package, pattern in patterns:
        spec = _spec(package)
        for folder in (spec and spec.submodule_search_locations) or ():
            for path in Path(folder).glob(pattern):
                inside = path.rglob("*") if path.is_dir() else [path]
                for file in inside:
                    if file.is_file() and file.suffix not in (".py", ".pyc"):
                        yield f"{package}/{file.relative_to(folder).as_posix()}", file


@cache
def _parse(source: bytes, package: str) -> _Needs:
    with _parsing:  # two threads at once, and ast.parse of Python 3.11 fails now and then
        tree = ast.parse(source)
    text = source.decode()
    names = {match[2] for match in _TEXTS.finditer(text)}
    names.update(_IMPORTED_TEXTS.findall(text))
    for statement in _statements(tree.body):
        match statement:
            case ast.Import():
                names.update(each.name for each in statement.names)
            case ast.ImportFrom(module=module, level=level):
                above = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                base = ".".join([*above, *([module] if module else [])])
                names.add(base)
                names.update(f"{base}.{each.name}" for each in statement.names)
    reads = "__file__" in text or "files(" in text
    return _Needs(frozenset(names), frozenset(_data(tree, package) if reads else ()))


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements and those inside them; expressions hold none."""
    for statement in body:
        yield statement
        checks = isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test)
        for field in ("orelse",) if checks else ("body", "orelse", "finalbody"):
            yield from _statements(getattr(statement, field, []))
        for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield from _statements(part.body)


def _data(node: ast.AST, package: str) -> Iterator[tuple[str, str]]:
    """Places of data that the expressions of a file name, the longest ones."""
    if (place := _place(node, package)) is not None:
        if place[1]:
            yield place
        return
    for child in ast.iter_child_nodes(node):
        yield from _data(child, package)


def _place(node: ast.AST, package: str) -> tuple[str, str] | None:
    """Package and pattern of an expression that is a path beside the code."""
    match node:
        case ast.Name(id="__file__"):
            return package, "__file__"
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            place = _place(left, package)
            return place and (place[0], f"{place[1]}/{_pattern(right)}".strip("/"))
        case ast.Attribute(value=value, attr="parent"):
            place = _place(value, package)
            return place and (place[0], place[1].rpartition("/")[0])
        case ast.Call(func=ast.Attribute(value=value, attr="with_name"), args=[name]):
            place = _place(value, package)
            return place and (
                place[0],
                f"{place[1].rpartition('/')[0]}/{_pattern(name)}".strip("/"),
            )
        case ast.Call(
            func=ast.Name(id="files") | ast.Attribute(attr="files"),
            args=[ast.Constant(value=str(named))],
        ):
            return named, ""
        case ast.Call(func=ast.Name(id="Path" | "str"), args=[inner]):
            return _place(inner, package)
        case ast.BoolOp(values=values):
            return next(filter(None, (_place(value, package) for value in values)), None)
    return None


def _pattern(node: ast.expr) -> str:
    """Text of a string; what it is filled in with may be anything."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_pattern(value) for value in values)
    return "*"


@cache
def _version_of(top: str) -> str:
    """Of the distribution that a module belongs to; ``absent`` where it is not installed."""
    try:
        return version(top)
    except PackageNotFoundError:
        names = sorted(set(packages_distributions().get(top, ())))
        return ", ".join(f"{name} {version(name)}" for name in names) or "absent"
