"""FPGA boards that bitstreams are made for, and what stands on them."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from fp8mac.hw.config.errors import ConfigError, Error

__all__ = ["BOARDS", "Board", "BoardError", "board_named"]


class BoardError(Error, RuntimeError):
    """A package or board that is not there or fails; the message is one sentence."""


@dataclass(frozen=True)
class Board:
    """A board that `amaranth-boards` describes.

    Parameters
    ----------
    name : str
        As it is typed.
    title : str
        As it is sold.
    module, platform : str
        Where in `amaranth_boards` it is described.
    device : str
        Its FPGA.
    bitstream : str
        Suffix of the file that is programmed.
    tools : tuple of str
        What makes a bitstream, beside Yosys, see `fp8mac.gen.fpga_tools`.
    program : str
        Command that writes ``{file}`` to it.
    options : mapping of str to str
        For the platform.
    timing : str
        What is to be known of the clock that nextpnr finds, a sentence; mostly nothing.
    """

    name: str
    title: str
    module: str
    platform: str
    device: str
    bitstream: str
    tools: tuple[str, ...]
    program: str
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    timing: str = ""

    def load(self) -> Any:
        """Platform of Amaranth, which is used for one build.

        Raises
        ------
        BoardError
            If `amaranth-boards` is not installed.
        """
        try:
            module = importlib.import_module(f"amaranth_boards.{self.module}")
        except ModuleNotFoundError:
            raise BoardError(
                "Boards are described in amaranth-boards (pip install 'fp8mac[boards]')."
            ) from None
        return getattr(module, self.platform)(**self.options)


def _ulx3s(size: str) -> Board:
    return Board(
        f"ulx3s-{size}",
        f"ULX3S, {size.upper()}",
        "ulx3s",
        f"ULX3S_{size.upper()}_Platform",
        f"ECP5 {size.upper()}",
        "bit",
        ("nextpnr-ecp5", "ecppack"),
        "openFPGALoader -b ulx3s {file}",
    )


_ICE40 = ("nextpnr-ice40", "icepack")

_ALL = (
    Board(
        "icebreaker",
        "iCEBreaker",
        "icebreaker",
        "ICEBreakerPlatform",
        "iCE40 UP5K",
        "bin",
        _ICE40,
        "iceprog {file}",
    ),
    Board(
        "ice40-hx8k",
        "iCE40-HX8K breakout board",
        "ice40_hx8k_b_evn",
        "ICE40HX8KBEVNPlatform",
        "iCE40 HX8K",
        "bin",
        _ICE40,
        "iceprog -S {file}",
    ),
    *map(_ulx3s, ("12f", "25f", "45f", "85f")),
    Board(
        "tang-nano-9k",
        "Tang Nano 9K",
        "tang_nano_9k",
        "TangNano9kPlatform",
        "Gowin GW1NR-9C",
        "fs",
        ("nextpnr-gowin", "gowin-pack"),
        "openFPGALoader -b tangnano9k {file}",
        MappingProxyType({"toolchain": "Apicula"}),
        # Ref: https://github.com/YosysHQ/nextpnr/pull/1345
        "nextpnr knows the delays of some cells of a Gowin FPGA only, so its clock is an estimate "
        "that is too high, and is not comparable with those of other boards.",
    ),
)

BOARDS: Mapping[str, Board] = MappingProxyType({board.name: board for board in _ALL})
"""Boards by name."""


def board_named(name: str) -> Board:
    """The board of a name.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if name not in BOARDS:
        *others, last = BOARDS
        raise ConfigError(f"Unknown board '{name}'; there are {', '.join(others)} and {last}.")
    return BOARDS[name]
