"""Reads Liberty text into a tree of groups; each of them knows its file and its line.

A file is read by one regular expression, a statement at a time. What stands in tables is made into
numbers only where somebody looks, see `fp8mac.synth_reports.liberty.cells`.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, isfinite

from fp8mac.hw.config.errors import Error

__all__ = ["File", "Group", "LibertyError", "Statement"]

_SPACE = r"(?:\s|\\\r?\n|/\*[\s\S]*?\*/|//[^\n]*)*+"
_STRING = r'"(?:[^"\\]|\\[\s\S])*+"'
_STATEMENT = re.compile(
    rf"""{_SPACE}(?:
        (?P<close>\}})
      | (?P<name>[A-Za-z_][\w.-]*)(?>{_SPACE})(?:
            :(?>{_SPACE})(?P<value>{_STRING}|(?:[^;\n}}"/\\]|/(?![/*])|\\\r?\n)++)(?>{_SPACE});?
          | \((?P<arguments>(?:{_STRING}|[^(){{}}";/]|/\*[\s\S]*?\*/|//[^\n]*|/)*+)\)
            (?>{_SPACE})(?:(?P<open>\{{)|;?)
        )
      | ;
    )""",
    re.VERBOSE,
)
_BLANK = re.compile(_SPACE)
_WORD = re.compile(rf"{_STRING}|/\*[\s\S]*?\*/|//[^\n]*|\\\r?\n|[^\s,\"/\\]+|/")
_ESCAPE = re.compile(r"[ \t]*\\\r?\n\s*|\\([\s\S])")


class LibertyError(Error, ValueError):
    """A file that cannot be used as a cell library; the message is one sentence for the user."""


def _unquoted(text: str) -> str:
    """What a value means: without quotes, escapes and continued lines."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if "\\" in text:
        text = _ESCAPE.sub(lambda escape: escape[1] or " ", text)
    return text.strip()


@dataclass(frozen=True)
class Statement:
    """``name (arguments);``, and where it begins in the text.

    Parameters
    ----------
    name, text : str
        Its name; what stands in the brackets, as it is written.
    at : int
        Characters before it.
    """

    name: str
    text: str
    at: int

    @property
    def words(self) -> list[str]:
        """What stands in the brackets: words, and strings without their quotes."""
        found = (match[0] for match in _WORD.finditer(self.text))
        return [_unquoted(word) for word in found if word[0] != "\\" and word[:2] not in _COMMENTS]


_COMMENTS = ("/*", "//")


@dataclass(eq=False)
class Group:
    """``kind (arguments) { attributes and groups }``.

    Parameters
    ----------
    kind : str
        What it is.
    arguments : str
        What stands in its brackets, without quotes, separated by commas.
    file : File
        Where it stands.
    at : int
        Characters before it.
    attributes : dict of str to str
        Simple attributes, without quotes.
    places : dict of str to int
        Characters before each of them.
    statements : list of Statement
        Complex attributes, in order.
    groups : list of Group
        What it contains, in order.
    """

    kind: str
    arguments: str
    file: "File"
    at: int = 0
    attributes: dict[str, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    groups: list["Group"] = field(default_factory=list)

    def all(self, kind: str) -> list["Group"]:
        """Groups of a kind in it."""
        return [group for group in self.groups if group.kind == kind]

    def statement(self, name: str) -> Statement | None:
        """The last complex attribute of a name; None where there is none."""
        return next((each for each in reversed(self.statements) if each.name == name), None)

    def number(self, name: str) -> float | None:
        """Attribute as a number; None where it is not there."""
        text = self.attributes.get(name)
        if text is None:
            return None
        try:
            number = float(text)
        except ValueError:
            number = inf
        if not isfinite(number):
            raise self.error(f"the {name} of {self.arguments or self.kind} is '{text}'", name)
        return number

    def error(self, what: str, name: str | None = None) -> LibertyError:
        """What is wrong with it, or with one of its simple attributes."""
        return self.file.error(self.at if name is None else self.places[name], what)


@dataclass(eq=False)
class File:
    """A Liberty file.

    Parameters
    ----------
    text : str
        What is in it.
    name : str
        Its path, for messages.
    """

    text: str
    name: str

    @cached_property
    def _lines(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.text)]

    def place(self, at: int) -> str:
        """Name and line of a character."""
        return f"'{self.name}', line {bisect_right(self._lines, at - 1) + 1}"

    def error(self, at: int, what: str) -> LibertyError:
        """What is wrong at a place."""
        return LibertyError(f"{self.place(at)}: {what}.")

    @cached_property
    def library(self) -> Group:
        """The group ``library``, and in it everything that the file says.

        Raises
        ------
        LibertyError
            If it ends early, or something in it is not Liberty.
        """
        text = self.text
        root = Group("", "", self)
        path, place, end = [root], 0, len(text)
        while place < end:
            match = _STATEMENT.match(text, place)
            if match is None or (match["close"] and len(path) == 1):
                start = self._start(place)
                if start == end:
                    break
                raise self._broken(start)
            place = match.end()
            if match["close"]:
                path.pop()
            elif match["open"]:
                statement = Statement(match["name"], match["arguments"], match.start("name"))
                words = ",".join(statement.words)
                group = Group(statement.name, words, self, statement.at)
                path[-1].groups.append(group)
                path.append(group)
            elif name := match["name"]:
                at = match.start("name")
                if match["value"] is None:
                    path[-1].statements.append(Statement(name, match["arguments"], at))
                else:
                    path[-1].attributes[name] = _unquoted(match["value"])
                    path[-1].places[name] = at
        return self._only(root, path)

    @cached_property
    def templates(self) -> dict[tuple[str, str], Group]:
        """Shapes of tables by kind and name."""
        return {(each.kind, each.arguments): each for each in self.library.groups}

    def _only(self, root: Group, path: list[Group]) -> Group:
        """The one library, all of whose groups have ended."""
        libraries = root.all("library")
        if not libraries:
            raise LibertyError(f"'{self.name}' is not a Liberty file: it has no group library.")
        if len(path) > 1:
            raise path[-1].error(f"{path[-1].kind} ({path[-1].arguments}) does not end")
        if len(libraries) > 1:
            raise libraries[1].error("there is a second library in the file")
        if include := libraries[0].statement("include_file"):
            raise self.error(include.at, "an include_file is not followed; name the files together")
        return libraries[0]

    def _start(self, place: int) -> int:
        """Where the next statement begins."""
        blank = _BLANK.match(self.text, place)
        return place if blank is None else blank.end()

    def _broken(self, start: int) -> LibertyError:
        near = re.sub(r"\s+", " ", self.text[start : start + 40]).strip()
        if not re.search(r"\blibrary\s*\(", self.text):
            return LibertyError(f"'{self.name}' is not a Liberty file: it has no group library.")
        if near.startswith("/*"):
            return self.error(start, "a comment does not end")
        return self.error(start, f"not Liberty: '{near}'")
