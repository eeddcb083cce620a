"""An output-stationary array between two streams: elements of two matrices in, rows of sums out.

# Ref: H. T. Kung, Why systolic architectures?, IEEE Computer 15(1), 1982
"""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.area.block import ToBlock
from fp8mac.hw.arrays.reader import Reader
from fp8mac.hw.arrays.row import Row
from fp8mac.hw.config.arrays.array import (
    ArrayConfig,
    element_fields,
    operand_fields,
    row_fields,
    scale_fields,
)
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.units.buildable import check_undrawn
from fp8mac.hw.units.mac import raised

__all__ = ["MacArray", "check_array"]


def check_array(config: ArrayConfig) -> None:
    """Refuse an array of a unit that no circuit is for.

    Raises
    ------
    ConfigError
        As `check_undrawn`.
    """
    check_undrawn(config.cell, "an array")


class MacArray(wiring.Component):
    """Rows and columns of one unit, which add up a tile of a matrix product in their places.

    ::

        cycle          k        k+1      k+2           row i takes element k in cycle k + i
        row 0       a0[k]    a0[k+1]  a0[k+2]          its sum is there a cycle behind the last one,
        row 1       a1[k-1]  a1[k]    a1[k+1]          and leaves in that cycle, while the row takes
        row 2       a2[k-2]  a2[k-1]  a2[k]            the first element of the next tile

    An element is a column of the left matrix and a row of the right one; that with ``last`` ends
    a tile. A tile's rows end one behind the other, so that a column has one sum a cycle, and the
    register that added it up holds it until it leaves: no second register is needed, and no cycle
    is without products, however many tiles follow each other. A tile of fewer elements than
    rows would be done before the one ahead of it has left: its last element waits.

    Where a row of sums waits and ``o.ready`` is low, everything stands still.

    * Latency: ``config.latency_cycles`` from a tile's last element to its row 0; a row a cycle.
    * Throughput: an element a cycle, of tiles with at least as many elements as rows.
    * Reset: synchronous; drops tiles that have not left.
    * ``i.ready`` follows ``o.ready``, and ``i.payload.last``, in the same cycle.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    goal : Goal or Structure
        What units are built for, or how.

    Members
    -------
    i : :py:`In(stream.Signature(StructLayout(element_fields(config))))`
        Elements.
    o : :py:`Out(stream.Signature(StructLayout(row_fields(config))))`
        Rows of sums, row 0 first; ``last`` with a tile's last row.
    multiplier, shift : :py:`In(columns * ...)`, where sums leave as integers
        Of each column, column 0 lowest; they are used in the cycle in which a row leaves.

    Raises
    ------
    ConfigError
        As `check_array`.
    """

    i: stream.Interface
    o: stream.Interface

    def __init__(self, config: ArrayConfig, goal: Built = Goal.AREA) -> None:
        check_array(config)
        self._config = config
        self._goal = goal
        element = data.StructLayout(element_fields(config))
        row = data.StructLayout(row_fields(config))
        streams = {"i": In(stream.Signature(element)), "o": Out(stream.Signature(row))}
        scales = {name: In(config.columns * bits) for name, bits in scale_fields(config).items()}
        super().__init__(streams | scales)

    @property
    def config(self) -> ArrayConfig:
        """The array."""
        return self._config

    @property
    def goal(self) -> Built:
        """What units are built for, or how."""
        return self._goal

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config, element, rows = self._config, self.i.payload, self._config.rows
        moves, begins = Signal(), Signal(init=1)
        # A bit for each cycle since a tile's last element; from `stages` on a row's sums are there.
        ends = Signal(config.unit.stages + rows - 1)
        done = ends[config.unit.stages - 1 :]
        busy = ends[: rows - 1].any()
        taken = Signal()
        m.d.comb += [
            moves.eq(~self.o.valid | self.o.ready),
            self.i.ready.eq(moves & ~(element.last & busy)),
            taken.eq(self.i.valid & ~(element.last & busy)),
            self.o.valid.eq(done.any()),
            self.o.payload.last.eq(done[-1]),
        ]
        with m.If(moves):
            m.d.sync += ends.eq(Cat(taken & element.last, ends[:-1]))
            with m.If(taken):
                m.d.sync += begins.eq(element.last)
        registers, readers = self._rows(m, moves, taken, begins), list[Reader]()
        for column in range(config.columns):
            m.submodules[f"reader_{column}"] = reader = Reader(config, self._goal)
            readers.append(reader)
            for name, bits in scale_fields(config).items():
                scale = getattr(self, name).word_select(column, bits)
                m.d.comb += getattr(reader, name).eq(scale)
            bits = len(reader.register)
            m.d.comb += reader.register.eq(
                reduce(
                    or_,
                    (
                        register.word_select(column, bits) & leaves.replicate(bits)
                        for register, leaves in zip(registers, done, strict=True)
                    ),
                )
            )
            for name, bits in row_fields(config).items():
                if name in reader.signature.members:
                    field = self.o.payload[name].word_select(column, bits // config.columns)
                    m.d.comb += field.eq(getattr(reader, name))
        self._blocks(m, readers)
        return m

    def _blocks(self, m: Module, readers: list[Reader]) -> None:
        """Where sums leave in blocks: elements and scales."""
        if (output := self._config.blocks) is None:
            return
        unit, found = self._config.unit, list[ToBlock]()
        for first in range(0, len(readers), output.size):
            inside = readers[first : first + output.size]
            block = ToBlock(unit.acc_bits, unit.product_lsb_exponent, output)
            m.submodules[f"block_{first // output.size}"] = block
            m.d.comb += block.value.eq(Cat(reader.acc for reader in inside))
            for place, reader in enumerate(inside):
                said = raised([getattr(reader, flag) for flag in unit.flags])
                m.d.comb += [getattr(block, name)[place].eq(up) for name, up in said.items()]
            found.append(block)
        m.d.comb += [
            self.o.payload["out"].eq(Cat(block.code for block in found)),
            self.o.payload["scale"].eq(Cat(block.scale for block in found)),
        ]

    def _rows(self, m: Module, moves: Value, valid: Value, begins: Value) -> list[Value]:
        """All rows, with what brings them their operands; their registers."""
        widths, registers = operand_fields(self._config), list[Value]()
        words: dict[str, Value] = {name: self.i.payload[name] for name in widths}
        for number in range(self._config.rows):
            m.submodules[f"row_{number}"] = row = Row(self._config, self._goal)
            m.d.comb += [row.valid.eq(valid), row.begins.eq(begins), row.moves.eq(moves)]
            m.d.comb += [
                getattr(row, name).eq(word[: len(getattr(row, name))])
                for name, word in words.items()
            ]
            registers.append(row.registers)
            if number == self._config.rows - 1:
                break
            # The rows below take the same a cycle later, without this row's own operand.
            late = {"valid": Signal(name=f"valid_{number + 1}")}
            m.d.sync += late["valid"].eq(Mux(moves, valid, late["valid"]))
            rest = {
                name: word[bits:] if name[-1] == "a" else word
                for (name, word), bits in zip(words.items(), widths.values(), strict=True)
            } | {"begins": begins}
            for name, word in rest.items():
                held = Signal(len(word), name=f"{name}_{number + 1}", reset_less=True)
                late[name] = held
                m.d.sync += held.eq(Mux(moves, word, held))
            valid, begins = late.pop("valid"), late.pop("begins")
            words = dict(late)
        return registers
