"""A row of a matrix unit: units that have one operand in common."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, EnableInserter, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fp8mac.hw.config.arrays.array import ArrayConfig, operand_fields
from fp8mac.hw.config.ports import Role, Shape, named, ports
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.units.mac import Mac

__all__ = ["Row", "register_fields"]


def register_fields(config: ArrayConfig) -> dict[str, int]:
    """What a cell's register consists of: word, carries, flags."""
    return named(ports(config.cell, Shape.UNIT), Role.RESULT, Role.CARRY, Role.FLAG)


class Row(wiring.Component):
    """Cells of a row, one a column, each with a register of its own.

    Parameters
    ----------
    config : ArrayConfig
        The array.
    goal : Goal or Structure
        What units are built for, or how.

    Members
    -------
    a, sa, index_a : :py:`In(...)`
        The row's operand, its scales if there are some, and the indices of its lanes if it is
        sparse: two bits each, of two lanes the first one lower.
    b, sb : :py:`In(columns * ...)`
        Operands of the columns, column 0 lowest.
    valid : :py:`In(1)`
        There are operands.
    begins : :py:`In(1)`
        They begin new sums.
    moves : :py:`In(1)`
        All that is on its way moves on; otherwise it stays.
    registers : :py:`Out(columns * ...)`
        Registers as in `register_fields`, word of column 0 lowest.
    """

    index_a: Signal
    valid: Signal
    begins: Signal
    moves: Signal
    registers: Signal

    def __init__(self, config: ArrayConfig, goal: Built = Goal.AREA) -> None:
        self._config = config
        self._goal = goal
        widths, columns = operand_fields(config), config.columns
        super().__init__(
            {name: In(bits * (columns if name[-1] == "b" else 1)) for name, bits in widths.items()}
            | {name: In(1) for name in ("valid", "begins", "moves")}
            | {"registers": Out(columns * sum(register_fields(config).values()))}
        )

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
        unit, found = self._config.cell, list[Value]()
        # In one stage the register alone has to stay; in several all that is on its way as well.
        piped = unit.stages > 1
        enabled = self.valid if piped else self.valid & self.moves
        # In fixed point zeros leave a register as it is, and take fewer gates than to hold it.
        adds_zeros = unit.is_fixed and not piped
        chosen = self._chosen(m)
        for column in range(self._config.columns):
            cell = Mac(unit, self._goal, bare=True)
            m.submodules[f"cell_{column}"] = EnableInserter(self.moves)(cell) if piped else cell
            m.d.comb += [cell.en.eq(enabled), cell.clear.eq(self.begins)]
            for name, bits in operand_fields(self._config).items():
                operand = getattr(self, name)
                if name == "a" and adds_zeros:
                    operand &= enabled.replicate(bits)
                operand = operand.word_select(column if name[-1] == "b" else 0, bits)
                if name == "b" and self._config.sparse:
                    operand = self._choose(operand, chosen)
                if name != "index_a":
                    m.d.comb += getattr(cell, name).eq(operand)
            found += [getattr(cell, name) for name in register_fields(self._config)]
        m.d.comb += self.registers.eq(Cat(found))
        return m

    def _chosen(self, m: Module) -> list[list[Signal]]:
        """Which of the three codes that a lane may take it takes: a signal each, for all columns.

        Of two lanes the first one's index is lower: it is never 3, and the second one's never 0.
        """
        if not self._config.sparse:
            return []
        found: list[list[Signal]] = []
        for lane in range(self._config.unit.products_per_cycle):
            index = self.index_a.word_select(lane, 2)
            found.append([])
            for code in range(lane % 2, lane % 2 + 3):
                takes = Signal(name=f"lane_{lane}_takes_{code}")
                m.d.comb += takes.eq(index == code)
                found[-1].append(takes)
        return found

    def _choose(self, codes: Value, chosen: list[list[Signal]]) -> Value:
        """Codes that the lanes of a cell take, of four for each two lanes."""
        bits, lanes = self._config.unit.b.bits, list[Value]()
        for lane, takes in enumerate(chosen):
            first = lane // 2 * 4 + lane % 2
            taken = (
                codes.word_select(first + at, bits) & take.replicate(bits)
                for at, take in enumerate(takes)
            )
            lanes.append(reduce(or_, taken))
        return Cat(lanes)
