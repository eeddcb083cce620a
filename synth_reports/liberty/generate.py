"""Our own cell library as Liberty text; it belongs to no technology.

Cells are those of `effort`. Nothing leaks, as there is no technology to say how much; the library
states no leakage rather than none.
"""

from fp8mac.synth_reports.liberty.effort import CELLS, SizedCell

__all__ = ["CELLS", "liberty_text"]

_SIZES = {"INV": (1, 2, 4, 8), "BUF": (2, 4, 8), "NAND2": (1, 2, 4), "NOR2": (1, 2, 4)}
_LOADS = (0, 10, 100)  # ABC wants three; between and beyond them programs continue straight


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


_HEAD = """\
/* Cell library of fp8mac, made by `fp8mac liberty --generate`.

   It belongs to no technology. Units stand for others:
     area                that of a two-input NAND (GE)
     time         1 ps   tau of logical effort; an inverter that drives four takes 5 (FO4)
     capacitance  1 fF   input of an inverter, C_inv
     energy       1 fJ   C_inv V^2
   Apache-2.0. */
library (fp8mac) {
  delay_model : table_lookup;
  time_unit : "1ps";
  voltage_unit : "1V";
  current_unit : "1mA";
  pulling_resistance_unit : "1kohm";
  leakage_power_unit : "1nW";
  capacitive_load_unit (1,ff);
  nom_process : 1;
  nom_temperature : 25;
  nom_voltage : 1;
  input_threshold_pct_rise : 50;
  input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50;
  output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 20;
  slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80;
  slew_upper_threshold_pct_fall : 80;
  default_max_transition : 1000;
  lu_table_template (load) {
    variable_1 : input_net_transition;
    variable_2 : total_output_net_capacitance;
    index_1 ("0,100");
    index_2 ("0,10,100");
  }
  lu_table_template (edge) {
    variable_1 : related_pin_transition;
    variable_2 : constrained_pin_transition;
    index_1 ("0,100");
    index_2 ("0,100");
  }
"""


def _timing(pin: str, delay: float, own: float, size: float, *attributes: str) -> list[str]:
    """Tables of an arc, linear in the load."""

    def table(name: str, start: float) -> str:
        row = ",".join(_number(start + load / size) for load in _LOADS)
        return f'        {name} (load) {{ values ("{row}","{row}"); }}'

    return [
        "      timing () {",
        f'        related_pin : "{pin}";',
        *(f"        {attribute};" for attribute in attributes),
        *(table(name, delay) for name in ("cell_rise", "cell_fall")),
        *(table(name, own / size) for name in ("rise_transition", "fall_transition")),
        "      }",
    ]


def _power(energy: float, pins: str = "") -> list[str]:
    related = f' related_pin : "{pins}";' if pins else ""
    value = f'{{ values ("{_number(energy)}"); }}'
    return [
        f"      internal_power () {{{related}",
        f"        rise_power (scalar) {value}",
        f"        fall_power (scalar) {value}",
        "      }",
    ]


def _cell_lines(name: str, size: int) -> list[str]:
    cell = SizedCell(CELLS[name], size)
    lines = [f"  cell ({name}_X{size}) {{", f"    area : {_number(cell.area)};"]
    for pin, capacitance in cell.inputs.items():
        lines.append(
            f"    pin ({pin}) {{ direction : input; capacitance : {_number(capacitance)}; }}"
        )
    lines += ["    pin (Y) {", "      direction : output;", f'      function : "{cell.function}";']
    lines.append(f"      max_capacitance : {_LOADS[-1]};")
    for pin in cell.inputs:
        sense = f"timing_sense : {cell.sense(pin)}"
        lines += _timing(pin, cell.delay(pin), cell.stages[-1].own, size, sense)
    return [*lines, *_power(cell.energy, " ".join(cell.inputs)), "    }", "  }"]


def _flip_flop_lines() -> list[str]:
    """Master and slave of clocked inverters, each held by an inverter and a clocked inverter.

    ::

        D --|>o-- m --+--|>o-- s --+--|>o-- q --|>o-- Q      CK --|>o-- clock low --|>o-- clock high
             low      +-->o-o<|-+   high  +-- o<|-- q
                         k  high             low

    In a clocked inverter two NMOS (2 wide) and two PMOS (4 wide) are in series; the clock drives
    one of each. Each phase drives the NMOS of two of the four, and the PMOS of the others.
    """
    data = own = (2 + 4) / 3
    phase = (2 * 2 + 2 * 4) / 3
    low, high = 1 + 1 + phase, 1 + phase
    m, k = 2 * own + 1 + data, 1 + data
    s, q = 2 * own + 1, 1 + data + 1
    area = (4 * 2 + 5 + 1) / 3
    setup = m + k - low
    row = f"{_number(setup)},{_number(setup)}"
    constraint = f'(edge) {{ values ("{row}","{row}"); }}'
    return [
        "  cell (DFF_X1) {",
        f"    area : {_number(area)};",
        '    ff (IQ,IQN) { next_state : "D"; clocked_on : "CK"; }',
        "    pin (CK) {",
        "      direction : input;",
        "      clock : true;",
        "      capacitance : 1;",
        *_power((low + high) / 2),
        "    }",
        "    pin (D) {",
        "      direction : input;",
        f"      capacitance : {_number(data)};",
        "      timing () {",
        '        related_pin : "CK";',
        "        timing_type : setup_rising;",
        f"        rise_constraint {constraint}",
        f"        fall_constraint {constraint}",
        "      }",
        "    }",
        "    pin (Q) {",
        "      direction : output;",
        '      function : "IQ";',
        f"      max_capacitance : {_LOADS[-1]};",
        *_timing("CK", low + high + s + q + 1, 1, 1, "timing_type : rising_edge"),
        *_power((m + k + s + q + 1) / 2, "CK"),
        "    }",
        "  }",
    ]


def liberty_text() -> str:
    """The library in Liberty format; the same text every time."""
    lines = [
        line
        for name in CELLS
        for size in _SIZES.get(name, (1, 2))
        for line in _cell_lines(name, size)
    ]
    return _HEAD + "\n".join([*lines, *_flip_flop_lines(), "}", ""])
