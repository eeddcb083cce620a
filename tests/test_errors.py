"""All that the project raises is of one family, and is a built-in exception as before."""

import importlib
import inspect

from rooms import MODULES

import fp8mac
from fp8mac.hw.config.errors import Error


def exceptions() -> list[type[BaseException]]:
    """Exceptions of all modules, private ones too."""
    found = {}
    for name in MODULES:
        for thing in vars(importlib.import_module(name)).values():
            if inspect.isclass(thing) and issubclass(thing, BaseException):
                found[f"{thing.__module__}.{thing.__qualname__}"] = thing
    return [each for name, each in found.items() if name.startswith("fp8mac.")]


def test_one_family():
    found = exceptions()
    assert len(found) >= 22
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
