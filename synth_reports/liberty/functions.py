"""Logic functions as Liberty writes them: ``!``, ``'``, ``&``, ``*``, ``|``, ``+``, ``^``.

Two operands side by side are an AND, as in ``"A B"``; a NOT binds closest, then XOR, AND, OR.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

__all__ = ["Function", "parse_function"]

_TOKEN = re.compile(r"\s*([A-Za-z_][\w.\[\]]*|[01]|[!'&*|+^()])")
_OPERATORS = ({"|": "|", "+": "|"}, {"&": "&", "*": "&", "": "&"}, {"^": "^"})


@dataclass(frozen=True)
class Function:
    """A function of the pins of a cell.

    Parameters
    ----------
    code : str
        Python expression of ``&``, ``|``, ``^`` and ``ONE ^`` over `inputs`.
    inputs : tuple of str
        Pins, in order of appearance.
    """

    code: str
    inputs: tuple[str, ...]

    def __call__(self, values: Mapping[str, Any], one: Any = 1) -> Any:
        """Value for those of the inputs; ``one`` is what all of their bits being set looks like."""
        names = {f"p{number}": values[name] for number, name in enumerate(self.inputs)}
        return eval(_compiled(self.code), {"__builtins__": {}}, {**names, "ONE": one})

    @property
    def truth(self) -> tuple[int, ...]:
        """Value for every combination of inputs; the first one changes fastest."""
        return tuple(
            self({name: row >> place & 1 for place, name in enumerate(self.inputs)})
            for row in range(1 << len(self.inputs))
        )


@cache
def _compiled(code: str) -> Any:
    return compile(code, "liberty", "eval")


@cache
def parse_function(text: str) -> Function:
    """Read a function.

    Raises
    ------
    ValueError
        If it is not one.

    Examples
    --------
    >>> parse_function("!(A B + C')").truth
    (0, 0, 0, 0, 1, 1, 1, 0)
    """
    tokens, place = [], 0
    text = text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"'{text}' is not a logic function.")
        tokens.append(match[1])
        place = match.end()
    parser = _Parser(tokens)
    try:
        code = parser.binary(0)
    except IndexError:
        code = ""
    if not code or parser.tokens:
        raise ValueError(f"'{text}' is not a logic function.")
    return Function(code, tuple(parser.inputs))


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.inputs: dict[str, None] = {}

    def binary(self, level: int) -> str:
        """Operands of the operators of a level and above; XOR binds closest."""
        if level == len(_OPERATORS):
            return self.unary()
        code = self.binary(level + 1)
        while self.tokens:
            sign = self.tokens[0]
            juxtaposed = sign not in "'&*|+^)"
            operator = _OPERATORS[level].get("" if juxtaposed else sign)
            if operator is None:
                break
            if not juxtaposed:
                self.tokens.pop(0)
            code = f"({code}{operator}{self.binary(level + 1)})"
        return code

    def unary(self) -> str:
        token = self.tokens.pop(0)
        if token == "!":
            return f"(ONE^{self.unary()})"
        if token == "(":
            code = self.binary(0)
            if self.tokens.pop(0) != ")":
                raise IndexError
        elif token in ("0", "1"):
            code = "ONE" if token == "1" else "(ONE^ONE)"
        elif token in "'&*|+^)":
            raise IndexError
        else:
            self.inputs.setdefault(token)
            code = f"p{list(self.inputs).index(token)}"
        while self.tokens and self.tokens[0] == "'":
            self.tokens.pop(0)
            code = f"(ONE^{code})"
        return code
