"""Ports of a design, and that every net has one driver at most."""

from fp8mac.hw.config.ports import Port
from fp8mac.proofs.check.netlist import Bit, CircuitError, FlatModule

__all__ = ["check_drivers", "check_ports"]


def check_ports(netlist: FlatModule, top: str, table: tuple[Port, ...]) -> None:
    """Compare ports with what they have to be; see `structure_of`.

    Raises
    ------
    CircuitError
        If one is missing, has another width or direction, or there is an input too many.
    """
    for port in table:
        place, found = netlist.place_of_net(port.name), netlist.ports.get(port.name)
        if found is None:
            raise CircuitError(
                f"{netlist.place()}The module {top} has no {port.direction} '{port.name}' of "
                f"{_count(port.bits)}."
            )
        if found["direction"] != port.direction:
            raise CircuitError(
                f"{place}The port '{port.name}' of {top} is an {found['direction']}, "
                f"not an {port.direction}."
            )
        if len(found["bits"]) != port.bits:
            raise CircuitError(
                f"{place}The {port.direction} '{port.name}' of {top} has "
                f"{_count(len(found['bits']))}, not {port.bits}."
            )
    inputs = [port.name for port in table if port.is_input]
    for name, facts in netlist.ports.items():
        if name not in inputs and facts["direction"] != "output":
            raise CircuitError(
                f"{netlist.place_of_net(name)}The {facts['direction']} '{name}' of {top} is one "
                f"too many; the inputs have to be {' '.join(inputs)}."
            )


def check_drivers(netlist: FlatModule) -> None:
    """Find nets with several drivers, and what nobody knows the inside of.

    Raises
    ------
    CircuitError
        If there are any.
    """
    for name, cell in netlist.cells.items():
        if not cell["type"].startswith("$"):  # all others have been replaced by their inside
            raise CircuitError(
                f"{netlist.place(cell)}The module '{cell['type']}' of '{name}' has no inside."
            )
    for net, places in netlist.assigned_twice():
        raise CircuitError(
            f"{netlist.place_of_net(net)}The net {netlist.slice(net, places)} has several drivers."
        )
    owner: dict[Bit, str] = {}
    for port, facts in netlist.ports.items():
        place = netlist.place_of_net(port)
        for bit in facts["bits"] if facts["direction"] == "input" else ():
            if (other := owner.setdefault(bit, port)) != port:
                raise CircuitError(
                    f"{place}The inputs '{other}' and '{port}' are connected to each other."
                )
            if isinstance(bit, str) or bit in netlist.drivers:
                raise CircuitError(f"{place}The input '{port}' is driven inside the module.")
    for bit, drivers in netlist.drivers.items():
        cells = [netlist.cells[name] for name, _ in drivers]
        if isinstance(bit, str):
            raise CircuitError(f"{netlist.place(*cells)}A net is driven by logic and a constant.")
        if len(drivers) > 1:
            places = sorted({netlist.place(cell).removesuffix(": ") for cell in cells})
            both = f" ({' and '.join(places)})" if len(places) > 1 else ""
            raise CircuitError(
                f"{netlist.place_of([bit])}The net {netlist.name([bit])} has several drivers{both}."
            )


def _count(width: int) -> str:
    return "1 bit" if width == 1 else f"{width} bits"
