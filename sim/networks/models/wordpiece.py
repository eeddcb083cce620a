"""WordPiece: text to the numbers of a BERT vocabulary, in lower case and without accents.

# Ref: J. Devlin et al., BERT, arXiv:1810.04805, section 4.1
"""

import unicodedata
from collections.abc import Iterable, Iterator

__all__ = ["WordPiece"]

_LONGEST_WORD = 100
_CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


class WordPiece:
    """A vocabulary, and the longest match first.

    Parameters
    ----------
    vocabulary : iterable of str
        Pieces in the order of their numbers; what continues a word begins with ``##``.

    Examples
    --------
    >>> pieces = WordPiece("[UNK] [CLS] [SEP] un ##happi ##ness !".split())
    >>> pieces.encode("Unhappiness!")
    [1, 3, 4, 5, 6, 2]
    """

    def __init__(self, vocabulary: Iterable[str]) -> None:
        self._numbers = {piece: number for number, piece in enumerate(vocabulary)}
        self._unknown = self._numbers["[UNK]"]

    def encode(self, text: str, longest: int = 256) -> list[int]:
        """Numbers of ``[CLS] text [SEP]``, cut to at most ``longest``."""
        pieces = [piece for word in _words(text) for piece in self._pieces(word)]
        return [self._numbers["[CLS]"], *pieces[: longest - 2], self._numbers["[SEP]"]]

    def _pieces(self, word: str) -> list[int]:
        if len(word) > _LONGEST_WORD:
            return [self._unknown]
        found: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                number = self._numbers.get(prefix + word[start:end])
                if number is not None:
                    break
            else:
                return [self._unknown]
            found.append(number)
            start = end
        return found


def _words(text: str) -> Iterator[str]:
    """Words and single signs."""
    word = ""
    for character in unicodedata.normalize("NFD", text.lower()):
        category = unicodedata.category(character)
        blank = character.isspace() or category == "Zs"
        if category == "Mn" or character == "\ufffd" or (category[0] == "C" and not blank):
            continue
        alone = _is_sign(character, category)
        if blank or alone:
            if word:
                yield word
            word = ""
            if alone:
                yield character
        else:
            word += character
    if word:
        yield word


def _is_sign(character: str, category: str) -> bool:
    """Punctuation, any other printable ASCII that is neither letter nor digit, or an ideograph."""
    code = ord(character)
    ascii_sign = 32 < code < 127 and not character.isalnum()
    return category[0] == "P" or ascii_sign or any(low <= code <= high for low, high in _CJK)
