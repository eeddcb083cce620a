"""What host and board say to each other: frames of bytes, each with a CRC.

::

    request    7E  head  steps    operands of each step      CRC CRC
    answer     7E  head  bytes    identity, outputs of unit  CRC CRC

    head       bits 7 and 6: `Ask`;  bits 5 to 0: a tag, which the answer repeats

The CRC is CRC-16/IBM-3740 of all bytes from the head on, most significant byte first. Behind the
first byte, 7E and 7D are sent as 7D followed by the byte with bit 5 inverted: 7E begins a frame
wherever it stands, and what was lost before it is forgotten. Numbers of several bytes have the
least significant one first.

A board does the steps of a request as they arrive, before their CRC is known. Where that is wrong
it says so, and the host begins the sum anew. `fp8mac.gen.boards.bridge` is the board's side.
"""

import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from fp8mac.hw.config.errors import ConfigError
from fp8mac.hw.config.ports import Role, Shape, named, ports
from fp8mac.hw.config.unit import MacConfig

__all__ = [
    "BEGIN_BYTE",
    "ESCAPE_BYTE",
    "ESCAPE_XOR",
    "IDENTITY_BYTES",
    "MOST_STEPS",
    "TAGS",
    "Ask",
    "BoardAnswer",
    "FrameReader",
    "LinkLayout",
    "crc16",
    "frame_bytes",
]

BEGIN_BYTE = 0x7E
ESCAPE_BYTE = 0x7D
ESCAPE_XOR = 0x20
IDENTITY_BYTES = 4
MOST_STEPS = 255
TAGS = 64
_VERSION = "fp8mac link 1"


class Ask(IntEnum):
    """What a request asks for, and in an answer, what was done."""

    BEGIN = 0
    """Begin a new sum with the first step."""
    CONTINUE = 1
    """Add to the sum; with no steps at all, read it."""
    DAMAGED = 3
    """Only in an answer: the CRC of the request was wrong, and the sum is not specified."""


def crc16(data: bytes) -> int:
    """CRC-16/IBM-3740.

    Examples
    --------
    >>> hex(crc16(b"123456789"))
    '0x29b1'
    """
    return binascii.crc_hqx(data, 0xFFFF)


def frame_bytes(head: int, count: int, payload: bytes) -> bytes:
    """A frame as it is sent.

    Examples
    --------
    >>> frame_bytes(0x41, 0, b"").hex()
    '7e410023f2'
    """
    plain = bytes([head, count]) + payload
    plain += crc16(plain).to_bytes(2, "big")
    sent = bytearray([BEGIN_BYTE])
    for byte in plain:
        sent += bytes([ESCAPE_BYTE, byte ^ ESCAPE_XOR] if byte in _SPECIAL else [byte])
    return bytes(sent)


_SPECIAL = (BEGIN_BYTE, ESCAPE_BYTE)


@dataclass(frozen=True)
class BoardAnswer:
    """An answer whose CRC is right.

    Parameters
    ----------
    ask : int
        What was done.
    tag : int
        Tag of the request.
    payload : bytes
        Identity of the unit, and its outputs.
    """

    ask: int
    tag: int
    payload: bytes


class FrameReader:
    """Takes bytes as they come, and finds the answers in them."""

    def __init__(self) -> None:
        self._plain: bytearray | None = None
        self._escaped = False

    def feed(self, data: bytes) -> Iterator[BoardAnswer]:
        """Answers that are complete with these bytes; those with a wrong CRC are dropped."""
        for byte in data:
            if byte == BEGIN_BYTE:
                self._plain, self._escaped = bytearray(), False
            elif self._plain is None:
                continue  # between two frames
            elif byte == ESCAPE_BYTE:
                self._escaped = True
            else:
                self._plain.append(byte ^ (ESCAPE_XOR * self._escaped))
                self._escaped = False
                plain = bytes(self._plain)
                if len(plain) >= 2 and len(plain) == plain[1] + 4:
                    self._plain = None
                    if crc16(plain) == 0:
                        yield BoardAnswer(plain[0] >> 6, plain[0] % TAGS, plain[2:-2])


@dataclass(frozen=True)
class LinkLayout:
    """Where operands and outputs of a unit are in the frames.

    Parameters
    ----------
    config : MacConfig
        The unit.
    """

    config: MacConfig

    @cached_property
    def operands(self) -> dict[str, int]:
        """Operands in the order in which they are sent, and how many bytes each has."""
        if self.config.block is not None:
            raise ConfigError(f"Frames hold no scales, which {self.config.text} takes.")
        table = ports(self.config, Shape.UNIT)
        if rescaled := named(table, Role.RESCALE):
            raise ConfigError(
                f"Frames hold no {' and '.join(rescaled)}, which {self.config.text} takes."
            )
        widths = named(table, Role.OPERAND)
        return {name: -(-bits // 8) for name, bits in widths.items()}

    @property
    def step_bytes(self) -> int:
        """Bytes of a step."""
        return sum(self.operands.values())

    @cached_property
    def outputs(self) -> dict[str, int]:
        """Outputs of the unit and their widths in bits, from the least significant bit on."""
        table = ports(self.config, Shape.UNIT)
        return {port.name: port.bits for port in table if not port.is_input}

    @property
    def output_bytes(self) -> int:
        """Bytes of all outputs together."""
        return -(-sum(self.outputs.values()) // 8)

    @cached_property
    def identity(self) -> int:
        """Number that tells which unit is on a board: 32 bits, from its name."""
        return binascii.crc32(f"{_VERSION} {self.config.slug}".encode())

    def request(self, ask: Ask, tag: int, steps: Sequence[tuple[int, int]]) -> bytes:
        """Request as it is sent: at most `MOST_STEPS` pairs of operands."""
        sizes = tuple(self.operands.values())
        payload = b"".join(
            word.to_bytes(size, "little")
            for step in steps
            for word, size in zip(step, sizes, strict=True)
        )
        return frame_bytes(ask << 6 | tag, len(steps), payload)

    def read_outputs(self, data: bytes) -> dict[str, int]:
        """Outputs out of the bytes behind the identity."""
        word = int.from_bytes(data, "little")
        found = {}
        for name, bits in self.outputs.items():
            found[name] = word & (1 << bits) - 1
            word >>= bits
        return found
