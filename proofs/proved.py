"""The netlist that synthesis counts, as Verilog: proved equal to the unit, once for each text."""

from fp8mac.hw.config.errors import Error
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.cost.measure import Bench, Design

__all__ = ["UnprovedError", "netlist_text"]

_ENGINE = "fp8mac.proofs.netlists"


class UnprovedError(Error, RuntimeError):
    """A netlist that is not proved; the message is one sentence for the user."""


def netlist_text(
    config: MacConfig, shape: Shape, *, goal: Built, bench: Bench, force: bool = False
) -> str:
    """Module of the gates that synthesis counts.

    Parameters
    ----------
    config : MacConfig
        The unit.
    shape : Shape
        What of it.
    goal : Goal or Structure
        What it is built for.
    bench : Bench
        What synthesises it, and whose store knows what is proved.
    force : bool
        Whether to synthesise anew what is known.

    Raises
    ------
    ConfigError
        If there is no circuit for the unit.
    YosysError, SynthesisError
        If the synthesis fails.
    UnprovedError
        If the netlist is not proved.
    """
    from fp8mac.proofs import netlists  # with its solvers; what is known needs the text alone

    design = Design(config, shape, goal)
    found = bench.measure([design], force=force)[design]
    text = netlists.structural_verilog(found.synthesis, config, shape, goal=goal)
    inputs = [found.rtlil_sha256, text, bench.yosys.build, bench.yosys.version]
    key = bench.store.key(inputs, _ENGINE)
    if not bench.store.load("proofs", key):
        try:
            netlists.prove_netlist(text, config, shape, goal=goal)
        except netlists.EquivalenceError as error:
            raise UnprovedError(f"The netlist of {design.top} is not proved: {error}") from error
        bench.store.save("proofs", key, {"top": design.top})
    return text
