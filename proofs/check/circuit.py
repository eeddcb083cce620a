"""A circuit as Yosys reads it: as a formula, and as a function of numbers."""

import re
from dataclasses import dataclass
from functools import cached_property

from fp8mac.gen.describe import module_name
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.gen.verilog import verilog_text
from fp8mac.gen.yosys import YosysError, find_yosys
from fp8mac.hw.config.ports import Port, Role, Shape, named, ports
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.bugs.mutations import Mutation, mutated_rtlil
from fp8mac.proofs.check.faults import PARTIAL, edges, plain
from fp8mac.proofs.check.netlist import CircuitError, FlatModule
from fp8mac.proofs.check.structure import Anatomy, structure_of

__all__ = ["Circuit", "CircuitError", "HiddenStateError"]


class HiddenStateError(CircuitError):
    """A circuit that is wrong for some values of registers that are no outputs."""


_READ = {
    "rtlil": "read_rtlil design",
    "verilog": "read_verilog design",
    "systemverilog": "read_verilog -sv design",
}

# Before any pass hides what a flip-flop hangs on; `proc` alone folds inverters into clock pins.
_STRUCTURE = """
hierarchy -check -top {top}
setattr -mod -unset keep_hierarchy
setattr -unset keep_hierarchy
proc -noopt
flatten
opt_expr -keepdc -noclkinv
write_json structure.json
write_rtlil structure.il
"""

_PREPARE = """
hierarchy -check -top {top}
setattr -mod -unset keep_hierarchy
setattr -unset keep_hierarchy
proc
flatten
chformal -remove
delete */t:$print
{beyond}
memory
async2sync
dffunmap
opt_clean -purge
delete */t:$scopeinfo
"""


@dataclass(frozen=True)
class Circuit:
    """Text of a unit, or of its combinational core.

    Parameters
    ----------
    config : MacConfig
        What it is meant to be.
    shape : Shape
        What of it; the text has the `ports` of that.
    text : str
        The design.
    top : str
        Its top module.
    language : str
        ``rtlil``, ``verilog`` or ``systemverilog``.
    file : str
        How messages call the file that Verilog comes from; by default ``<top>.v``.

    Raises
    ------
    CircuitError
        If ``top`` is not the name of a module.
    """

    config: MacConfig
    shape: Shape
    text: str
    top: str
    language: str = "rtlil"
    file: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$]*", self.top):
            raise CircuitError(f"'{self.top}' is not the name of a module.")

    @classmethod
    def built(cls, config: MacConfig, shape: Shape, *, goal: Built = Goal.AREA) -> "Circuit":
        """RTL of a unit; only one thread at a time may build one."""
        text = rtlil_text(config, shape, goal=goal)
        return cls(config, shape, text, module_name(config, shape, goal=goal))

    @classmethod
    def emitted(cls, config: MacConfig, shape: Shape, *, goal: Built = Goal.AREA) -> "Circuit":
        """Verilog of a unit; only one thread at a time may build one."""
        text = verilog_text(config, shape, goal=goal)
        return cls(config, shape, text, module_name(config, shape, goal=goal), "verilog")

    @classmethod
    def mutated(
        cls, config: MacConfig, shape: Shape, mutation: Mutation, *, goal: Built = Goal.AREA
    ) -> "Circuit":
        """RTL of a unit with a bug planted."""
        text = mutated_rtlil(config, shape, mutation, goal=goal)
        return cls(config, shape, text, module_name(config, shape, goal=goal))

    @property
    def table(self) -> tuple[Port, ...]:
        """Ports that it has to have."""
        return ports(self.config, self.shape)

    @property
    def inputs(self) -> dict[str, int]:
        """Width of every input that the step depends on, but for the state."""
        return named(
            self.table,
            Role.OPERAND,
            Role.RANDOM,
            Role.STATE,
            Role.CARRY_STATE,
            Role.CONTROL,
            Role.RESCALE,
            Role.RESET,
        )

    @property
    def outputs(self) -> dict[str, int]:
        """Width of every output that is a result; those of a unit are its state."""
        return named(self.table, Role.RESULT, Role.CARRY, Role.FLAG)

    @property
    def views(self) -> dict[str, int]:
        """Width of every other output: what a unit shows of its state."""
        return named(self.table, Role.SUM, Role.READY, Role.OUTPUT)

    @property
    def _file(self) -> str:
        return self.file or ("" if self.language == "rtlil" else f"{self.top}.v")

    @property
    def script(self) -> str:
        """Yosys commands that leave cells and flip-flops of one flat module."""
        found = self.structure
        beyond = "techmap -map partial.v t:$shiftx" if found.indexes else ""
        script = _READ[self.language] + _PREPARE.format(top=self.top, beyond=beyond)
        return script + ("simplemap\n" if found.ripples else "")

    @cached_property
    def structure(self) -> Anatomy:
        """What `structure_of` finds.

        Raises
        ------
        CircuitError
            If the ports, a clock or something else is not as in a unit, or Yosys cannot read it.
        YosysError
            If there is no Yosys that can be used.
        """
        return structure_of(self._flat, self.top, self.table)

    @cached_property
    def _flat(self) -> FlatModule:
        script = _READ[self.language] + _STRUCTURE.format(top=self.top)
        files = self._run(script, "structure.json", "structure.il")
        return FlatModule(files["structure.json"], files["structure.il"], self.top, self._file)

    def register(self, bit: str) -> str:
        """The bit of a register, as in ``held[3]``, that is nearest to the top of all its names.

        Spelt as in Verilog: Amaranth's second ``nan`` in a module, ``nan$19``, is ``nan_19``.
        """
        return self._flat.nearest(bit).replace("$", "_")

    @cached_property
    def smt2(self) -> str:
        """The circuit in SMT-LIB: its state is a bit-vector of the sort ``|<top>_s|``.

        Raises
        ------
        CircuitError, YosysError
            As for `structure`.
        """
        # Undefined bits may have any value: what is proved holds for all of them.
        script = self.script + "setundef -undriven -anyseq\nwrite_smt2 -stbv design.smt2\n"
        return self._run(script, "design.smt2")["design.smt2"]

    @cached_property
    def blif(self) -> str:
        """The circuit as BLIF, with latches on one clock.

        Raises
        ------
        CircuitError, YosysError
            As for `structure`.
        """
        script = self.script + "techmap\ndfflegalize -cell $_DFF_P_ 01\nsimplemap\n"
        script += "opt_clean -purge\nwrite_blif design.blif\n"
        return self._run(script, "design.blif")["design.blif"]

    def port(self, name: str, state: str) -> str:
        """Bit-vector term of a port in a state."""
        value = f"(|{self.top}_n {name}| {state})"
        widths = self.inputs | self.outputs | self.views
        return value if widths[name] > 1 else f"(ite {value} #b1 #b0)"

    def _run(self, script: str, *outputs: str) -> dict[str, str]:
        """Run Yosys on the text, and say what is wrong with it in words of its file."""
        try:
            return find_yosys().run(script, {"design": self.text, "partial.v": PARTIAL}, outputs)
        except YosysError as error:
            if not error.reason or not self._file:
                raise
            raise CircuitError(self._fault(error)) from error

    def _fault(self, error: YosysError) -> str:
        """What Yosys cannot read, and where."""
        reason, lines = plain(error.reason), re.findall(r"\bdesign:(\d+)", error.context)
        process = re.search(r"signal `(\S+)' using process `\S+?\.(\S+)'", error.context)
        cell = re.search(r"in cell `\\?(\S+)'", error.reason)
        if process or cell:
            script = _READ[self.language] + "\nwrite_rtlil design.il\n"
            text = find_yosys().run(script, {"design": self.text}, ["design.il"])["design.il"]
            head = rf"  cell \S+ \\?{re.escape(cell[1])}\n" if cell else "(?!)"
            lines += re.findall(rf'src "design:(\d+).*"\n(?:  attribute .*\n)*{head}', text)
            if process:
                clocks = edges(text, process[2])
                register = process[1].rpartition("\\")[2]
                reason = (
                    f"The register '{register}' is clocked by {clocks}, not by the rising edge of "
                    "'clk' alone"
                )
        return f"{self._file}{':' * bool(lines)}{lines[-1] if lines else ''}: {reason}."

    def refuse_hidden_state(self) -> None:
        """Say that a circuit with registers that are no outputs is wrong for some of their values.

        Whether they can ever have such values is not decided.

        Raises
        ------
        HiddenStateError
            If it has such registers.
        """
        if self.structure.hidden and self.config.stages == 1:
            place, register = self.structure.hidden[0]
            raise HiddenStateError(
                f"{place}The outputs hang on the register {register} as well, which is no output, "
                "and are wrong for some of its values."
            )

    def evaluate(self, values: dict[str, int]) -> dict[str, int]:
        """Outputs of a core; the next state of a unit, whose present one is among the values.

        What a unit shows of its state is that of the present one.

        Raises
        ------
        CircuitError
            If an output is undefined.
        """
        registered = self.shape.is_registered
        given_ports = self.inputs | (self.outputs if registered else {})
        suffixes = (".q", ".d") if registered else ("", "")
        sets = " ".join(
            f"-set {name}{suffixes[0] * (name in self.outputs)} {width}'b{values[name]:0{width}b}"
            for name, width in given_ports.items()
        )
        shows = " ".join(f"-show {name}{suffixes[1]}" for name in self.outputs)
        shows += "".join(f" -show {name}" for name in self.views)
        script = self.script + ("expose -evert-dff\n" if registered else "")
        script += f"tee -q -o result eval {sets} {shows}\n"
        text = self._run(script, "result")["result"]
        # 32 bits are written as a number, all others as digits, and one x stands for many.
        found = re.findall(r"Eval result: \\(\S+?)(?:\.d)? = (?:\d+'([01xz]+)|(-?\d+))\.\n", text)
        given = ", ".join(f"{name} = {values[name]:#x}" for name in given_ports)
        results: dict[str, int] = {}
        for name, digits, number in found:
            if digits.strip("01"):
                where = f"{name}[{digits[::-1].index('x')}]" if digits.strip("x") else name
                raise CircuitError(f"{self._unknown}The output '{where}' is x for {given}.")
            results[name] = int(digits, 2) if digits else int(number) % 2**32
        if results.keys() != (self.outputs | self.views).keys():
            raise CircuitError(f"The outputs of {self.top} are not defined for {given}.")
        return results

    @property
    def _unknown(self) -> str:
        """Where an x comes from that reaches an output, as far as one can tell."""
        places = self.structure.unknown or (self._file,) * bool(self._file)
        return f"{places[0]}: " if places else ""
