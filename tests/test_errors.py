"""All that the project raises is of one family, and is a built-in exception as before."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import fp8mac
from fp8mac.hw.config.errors import Error

ROOMS = [path.parent.name for path in Path(__file__).parents[1].glob("*/__init__.py")]


def modules() -> list[str]:
    """All modules of the project, but those of the front door, which lie in `api`."""
    rooms = [importlib.import_module(f"fp8mac.{room}") for room in ROOMS if room != "api"]
    return [
        module.name
        for room in rooms
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")
    ]


def exceptions() -> list[type[BaseException]]:
    """Exceptions of all modules, private ones too."""
    found = {}
    for name in modules():
        for thing in vars(importlib.import_module(name)).values():
            if inspect.isclass(thing) and issubclass(thing, BaseException):
                found[f"{thing.__module__}.{thing.__qualname__}"] = thing
    return [each for name, each in found.items() if name.startswith("fp8mac.")]


def test_one_family():
    found = exceptions()
    assert len(found) >= 22
    assert {name.split(".")[1] for name in modules()} == set(ROOMS) - {"api"}
    assert [each for each in found if not issubclass(each, Error)] == []
    alone = {
        each.__name__ for each in found if not issubclass(each, ValueError | RuntimeError | OSError)
    }
    assert alone == {"Error", "FetchError"}
    assert fp8mac.Error is Error
    assert all(each.__doc__ for each in found)


def test_messages_are_kept():
    for kind in exceptions():
        if kind.__init__ is ValueError.__init__ or kind.__init__ is RuntimeError.__init__:
            assert str(kind("A sentence.")) == "A sentence."
