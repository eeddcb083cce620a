"""A matrix unit whose left matrix has blocks that are zero: these take no cycle."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.arrays.array import MacArray, check_array
from fp8mac.hw.config.arrays.array import row_fields, scale_fields
from fp8mac.hw.config.arrays.block_sparse import (
    BlockSparseConfig,
    block_fields,
    left_fields,
    right_fields,
)
from fp8mac.hw.config.structure import Built, Goal

__all__ = ["BlockSparseArray"]


class BlockSparseArray(wiring.Component):
    """An array behind a sequencer, which reads the right matrix where the left one has blocks.

    ::

        k.payload    3         0 last              numbers of blocks that are not zero
        address      24 25 ... 31  0  1 ...  7     blocks of eight; the memory reads at an edge
        data            24 ...    31  0 ...        and element by element the left matrix comes

    A memory with synchronous reading stands beside it: on an edge where ``read`` is high it takes
    the address, and ``data`` stays until the next such edge, as of an FPGA's block RAM with its
    read enable. Blocks can come in any order, and a tile can have one twice.

    A tile without any block says ``none`` and ``last``: it adds up one product of zeros, for which
    neither memory nor left matrix is asked.

    * Latency: ``config.latency_cycles`` from a tile's last address to its row 0.
    * Throughput: an element of a block that is there a cycle.
    * Reset: as of `MacArray`.
    * ``k.ready``, ``i.ready`` and ``read`` follow ``o.ready`` in the same cycle.

    Parameters
    ----------
    config : BlockSparseConfig
        The array.
    goal : Goal or Structure
        What units are built for, or how.

    Members
    -------
    k : :py:`In(stream.Signature(StructLayout(block_fields(config))))`
        Numbers of the blocks that are there; ``last`` with a tile's last one.
    i : :py:`In(stream.Signature(StructLayout(left_fields(config))))`
        Elements of the left matrix, those of blocks that are there.
    address : :py:`Out(config.block_bits + config.step_bits)`
        Element of the right matrix.
    read : :py:`Out(1)`
        The memory reads it on this edge.
    data : :py:`In(StructLayout(right_fields(config)))`
        What was read last.
    o : :py:`Out(stream.Signature(StructLayout(row_fields(config.array))))`
        As of `MacArray`, so are ``multiplier`` and ``shift``.

    Raises
    ------
    ConfigError
        As `fp8mac.hw.arrays.array.check_array`.
    """

    k: stream.Interface
    i: stream.Interface
    o: stream.Interface
    address: Signal
    read: Signal
    data: data.View

    def __init__(self, config: BlockSparseConfig, goal: Built = Goal.AREA) -> None:
        check_array(config.array)
        self._config = config
        self._goal = goal
        array = config.array
        layouts = map(data.StructLayout, (block_fields(config), left_fields(config)))
        k, i = (In(stream.Signature(layout)) for layout in layouts)
        super().__init__(
            {
                "k": k,
                "i": i,
                "address": Out(config.block_bits + config.step_bits),
                "read": Out(1),
                "data": In(data.StructLayout(right_fields(config))),
                "o": Out(stream.Signature(data.StructLayout(row_fields(array)))),
            }
            | {name: In(array.columns * bits) for name, bits in scale_fields(array).items()}
        )

    @property
    def config(self) -> BlockSparseConfig:
        """The array."""
        return self._config

    @property
    def goal(self) -> Built:
        """What units are built for, or how."""
        return self._goal

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.array = array = MacArray(self._config.array, self._goal)
        number, element = self.k.payload, array.i.payload
        place = Signal(self._config.step_bits)  # of an element in its block
        # What was read, or a product of zeros in its place, waits for the array.
        waits, nothing, ends = Signal(), Signal(), Signal()
        there = waits & (nothing | self.i.valid)
        moves, ends_block = Signal(), Signal()
        m.d.comb += [
            array.i.valid.eq(there),
            moves.eq(~waits | (there & array.i.ready)),
            ends_block.eq(place.all() | number.none),
            self.address.eq(Cat(place, number.block)),
            self.read.eq(moves & self.k.valid & ~number.none),
            self.k.ready.eq(moves & ends_block),
            self.i.ready.eq(waits & ~nothing & array.i.ready),
            element.last.eq(ends),
        ]
        with m.If(moves):
            m.d.sync += [
                waits.eq(self.k.valid),
                nothing.eq(number.none),
                ends.eq(number.last & ends_block),
            ]
            with m.If(self.k.valid & ~number.none):
                m.d.sync += place.eq(place + 1)
        for source, fields in (
            (self.i.payload, left_fields(self._config)),
            (self.data, right_fields(self._config)),
        ):
            for name in fields:
                m.d.comb += element[name].eq(Mux(nothing, 0, source[name]))
        m.d.comb += [
            self.o.valid.eq(array.o.valid),
            self.o.payload.eq(array.o.payload),
            array.o.ready.eq(self.o.ready),
            *(
                getattr(array, name).eq(getattr(self, name))
                for name in scale_fields(self._config.array)
            ),
        ]
        return m
