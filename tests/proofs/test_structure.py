"""Clocks, ports and nets of somebody's unit: what is none is named, with file and line."""

import re
from functools import lru_cache

import pytest

from fp8mac.hw.config.ports import Shape
from fp8mac.proofs.bugs.mutations import parse_unit_text
from fp8mac.proofs.check.circuit import Circuit, CircuitError
from fp8mac.proofs.check.equivalence import check_equal, logic_of

#: A float, a Kulisch, an integer unit.
UNITS = {name: parse_unit_text(name) for name in ("e4m3,fp16", "e5m2,kulisch", "int8,int32")}
SMALL = parse_unit_text("int4,int8")

#: One of them is tried in every run, the others where there is time.
SOME_UNITS = [
    "e5m2,kulisch",
    pytest.param("e4m3,fp16", marks=pytest.mark.slow),
    pytest.param("int8,int32", marks=pytest.mark.slow),
]

REGISTER = re.compile(r"  always @\(posedge clk\)\n    acc <= (\w+);\n")
NOT_CLK = "not by the rising edge of 'clk'"
EDGES = "The register 'acc' is clocked by the rising edge of 'clk'"
NO_FLIP_FLOP = "not a flip-flop on the rising edge of 'clk'"


@lru_cache
def emitted(unit: str) -> Circuit:
    return Circuit.emitted(UNITS[unit], Shape.UNIT)


def changed(unit: str, register: str) -> tuple[Circuit, int]:
    """A unit with another register for ``acc``, and the line in which that begins.

    ``NEXT`` stands for what is registered and ``TOP`` for the highest bit's number; what comes
    behind ``endmodule`` is put behind the module.
    """
    own = emitted(unit)
    match = REGISTER.search(own.text)
    assert match is not None
    inside, _, behind = register.partition("endmodule\n")
    inside, behind = (
        text.replace("NEXT", match[1]).replace("TOP", str(own.config.acc_bits - 1))
        for text in (inside, behind)
    )
    text = own.text[: match.start()] + inside + own.text[match.end() :]
    assert text.count("endmodule\n") == 1
    line = text[: match.start()].count("\n") + 1
    return Circuit(own.config, Shape.UNIT, text + behind, own.top, "verilog", "theirs.v"), line


def message(circuit: Circuit) -> str:
    """What is said of a circuit."""
    with pytest.raises(CircuitError) as error:
        _ = circuit.structure
    return str(error.value)


def on(clock: str) -> str:
    return f"always @(posedge {clock}) acc <= NEXT;\n"


def halves(upper: str, lower: str) -> str:
    halves = ((upper, "TOP:4"), (lower, "3:0"))
    registers = (f"always @({edge}) acc[{bits}] <= n[{bits}];" for edge, bits in halves)
    return f"wire [TOP:0] n = NEXT; {' '.join(registers)}\n"


#: Registers, and what their clock is.
CLOCKS = {
    "gated": (
        f"wire g = clk & en; {on('g')}",
        "the rising edge of 'g', which hangs on 'clk' and 'en'",
    ),
    "gated low": (
        f"wire g = clk | ~en; {on('g')}",
        "the rising edge of 'g', which hangs on 'clk' and 'en'",
    ),
    "gated in place": (on("(clk & en)"), "the rising edge of logic of 'clk' and 'en'"),
    "gated behind a latch": (
        f"reg h; always @* if (!clk) h = en; wire g = clk & h; {on('g')}",
        "the rising edge of 'g', which hangs on 'clk' and 'h'",
    ),
    "chosen": (
        f"wire g = en ? clk : rst; {on('g')}",
        "the rising edge of 'g', which hangs on 'clk' and 'en' and 'rst'",
    ),
    "falling": ("always @(negedge clk) acc <= NEXT;\n", "the falling edge of 'clk'"),
    "inverted": (f"wire n = ~clk; {on('n')}", "the rising edge of 'n', which hangs on 'clk'"),
    "inverted by a gate": (
        f"wire n; not (n, clk); {on('n')}",
        "the rising edge of 'n', which hangs on 'clk'",
    ),
    "inverted twice": (
        "wire n = ~clk; always @(negedge n) acc <= NEXT;\n",
        "the falling edge of 'n', which hangs on 'clk'",
    ),
    "divided": (
        f"reg half; always @(posedge clk) half <= ~half; {on('half')}",
        "the rising edge of the register 'half'",
    ),
    "of itself": (on("acc[0]"), "the rising edge of the register 'acc[0]'"),
    "data": (on("a[0]"), "the rising edge of 'a[0]'"),
    "enable": (on("en"), "the rising edge of 'en'"),
    "reset": (on("rst"), "the rising edge of 'rst'"),
    "constant": (f"wire g = 1'b1; {on('g')}", "the constant 1"),
    "undriven": (f"wire g; {on('g')}", "the rising edge of 'g', which nothing drives"),
}

#: Registers, and what is said of them.
SENTENCES = {
    "two edges": (
        "always @(posedge clk or posedge en) acc <= NEXT;\n",
        f"{EDGES} and the rising edge of 'en', {NOT_CLK} alone.",
    ),
    "both edges": (
        "always @(posedge clk or negedge clk) acc <= NEXT;\n",
        f"{EDGES} and the falling edge of 'clk', {NOT_CLK} alone.",
    ),
    "two clocks": (
        halves("posedge clk", "posedge en"),
        f"The register 'acc[3:0]' is clocked by the rising edge of 'en', {NOT_CLK}.",
    ),
    "two edges of clk": (
        halves("posedge clk", "negedge clk"),
        f"The register 'acc[3:0]' is clocked by the falling edge of 'clk', {NOT_CLK}.",
    ),
    "none": (
        "always @* acc = ~NEXT;\n",
        "'acc[0]' hangs on itself with no register between.",
    ),
    "latches": (
        "reg [TOP:0] m; always @* if (!clk) m = NEXT; always @* if (clk) acc = m;\n",
        f"The register 'acc' is a latch, held by 'clk', {NO_FLIP_FLOP}.",
    ),
    "latch behind a register": (
        "reg [TOP:0] m; always @(posedge clk) m <= NEXT; always @* if (en) acc = m;\n",
        f"The register 'acc' is a latch, held by 'en', {NO_FLIP_FLOP}.",
    ),
    "memory": (
        "reg [TOP:0] m [0:1]; always @(posedge clk) m[en] <= NEXT; always @* acc = m[en];\n",
        f"The register 'm' is a memory, {NO_FLIP_FLOP}.",
    ),
    "reset at any time": (
        "always @(posedge clk or posedge rst) if (rst) acc <= 0; else acc <= NEXT;\n",
        f"The register 'acc' is set at any time by 'rst', {NOT_CLK} alone.",
    ),
    "low reset at any time": (
        "wire n = ~rst; always @(posedge clk or negedge n) if (!n) acc <= 0; else acc <= NEXT;\n",
        f"The register 'acc' is set at any time by 'rst', {NOT_CLK} alone.",
    ),
    "load at any time": (
        "always @(posedge clk or posedge en) if (en) acc <= NEXT; else acc <= acc;\n",
        f"The register 'acc' is set at any time by 'en', {NOT_CLK} alone.",
    ),
    "clock as data": (
        "always @(posedge clk) acc <= NEXT ^ clk;\n",
        "'clk' is used as data; it may clock flip-flops only.",
    ),
}


@pytest.mark.parametrize("unit", SOME_UNITS)
@pytest.mark.parametrize("clock", CLOCKS)
def test_bad_clock_is_named(unit, clock):
    register, what = CLOCKS[clock]
    circuit, line = changed(unit, register)
    assert message(circuit) == (
        f"theirs.v:{line}: The register 'acc' is clocked by {what}, {NOT_CLK}."
    )


def test_nothing_is_asked_about_a_bad_clock():
    circuit, line = changed("int8,int32", CLOCKS["falling"][0])
    sentence = f"^theirs.v:{line}: The register 'acc' is clocked by the falling edge of 'clk', "
    with pytest.raises(CircuitError, match=sentence):
        _ = circuit.smt2
    with pytest.raises(CircuitError, match=sentence):
        logic_of(circuit)


@pytest.mark.parametrize("unit", SOME_UNITS)
@pytest.mark.parametrize("state", SENTENCES)
def test_what_is_no_flip_flop_on_clk_is_named(unit, state):
    register, sentence = SENTENCES[state]
    circuit, line = changed(unit, register)
    assert message(circuit) == f"theirs.v:{line}: {sentence}"


SUB = """\
register r [TOP:0] (.c({clock}), .d(NEXT), .q(n));
always @* acc = n;
endmodule
module register(input c, d, output reg q);
  wire k = {inner};
  always @(posedge k) q <= d;
endmodule
"""


@pytest.mark.parametrize("unit", SOME_UNITS)
@pytest.mark.parametrize(
    ("clock", "inner", "what"),
    [
        ("~clk", "c", "'k', which hangs on 'clk'"),
        ("clk", "~c", "'k', which hangs on 'clk'"),
        ("clk & en", "c", "'k', which hangs on 'clk' and 'en'"),
        ("en", "c", "'en'"),
        ("", "c", "'k', which nothing drives"),
    ],
)
def test_bad_clock_in_a_submodule_is_named(unit, clock, inner, what):
    text = f"wire [TOP:0] n; {SUB.format(clock=clock, inner=inner)}"
    circuit, _ = changed(unit, text)
    line = circuit.text[: circuit.text.index("  always @(posedge k)")].count("\n") + 1
    found = message(circuit).replace("r[0].c'", "k'").replace("r[0].k'", "k'")
    assert found == (
        f"theirs.v:{line}: The register 'acc[0]' is clocked by the rising edge of {what}, "
        f"{NOT_CLK}."
    )


@pytest.mark.parametrize("flag", ["pos_inf", "neg_inf"])
def test_bad_clock_of_a_flag_is_named(flag):
    own = emitted("e5m2,kulisch")
    text = re.sub(rf"posedge (clk\)\n    {flag} <=)", r"negedge \1", own.text)
    assert text != own.text
    line = text[: text.index("negedge")].count("\n") + 1
    assert message(Circuit(own.config, Shape.UNIT, text, own.top, "verilog")) == (
        f"{own.top}.v:{line}: The register '{flag}' is clocked by the falling edge of 'clk', "
        f"{NOT_CLK}."
    )


UNUSUAL = {
    "as it is": on("clk"),
    "split": halves("posedge clk", "posedge clk"),
    "alias": f"wire k = clk, l; assign l = k; {on('l')}",
    "buffer": f"wire k; buf (k, clk); {on('k')}",
    "delay": "always @(posedge clk) acc <= #1 NEXT;\n",
    "blocking": "always @(posedge clk) acc = NEXT;\n",
    "generate": (
        "wire [TOP:0] n = NEXT; genvar i; generate for (i = 0; i <= TOP; i = i + 1) begin:g"
        " always @(posedge clk) acc[i] <= n[i]; end endgenerate\n"
    ),
    "submodules": f"wire [TOP:0] n; {SUB.format(clock='clk', inner='c')}",
    "kept submodules": (
        f"wire [TOP:0] n; {SUB.format(clock='clk', inner='c')}".replace(
            "module register", "(* keep_hierarchy *) module register"
        )
    ),
    "latch that nobody reads": f"reg t; always @* if (en) t = rst; {on('clk')}",
    "clock that nobody reads": f"reg t; always @(negedge clk) t <= rst; {on('clk')}",
    "message": 'always @(posedge clk) begin acc <= NEXT; $display("%d", acc); end\n',
    "memory of one word": (
        "reg [TOP:0] m [0:0]; always @(posedge clk) m[0] <= NEXT; always @* acc = m[0];\n"
    ),
}
"""Registers that are right."""


@pytest.mark.parametrize("unit", SOME_UNITS)
@pytest.mark.parametrize("register", UNUSUAL)
def test_unusual_register_is_accepted(unit, register):
    circuit, _ = changed(unit, UNUSUAL[register])
    assert circuit.structure.hidden == ()
    logic = re.sub(r"\br(\[\d+\])\.q\.([dq])", r"acc\1.\2", logic_of(circuit))
    check_equal(logic, logic_of(emitted(unit)))


CORE = """\
module theirs(
  input signed [3:0] a, b,
  input signed [7:0] c,
  output signed [7:0] y);
  {}
endmodule
"""
UNIT = """\
module theirs(
  input clk, rst, en, clear, input signed [3:0] a, b,
  output reg signed [7:0] acc);
  {}
endmodule
"""
SUB_OF = "endmodule\nmodule sub(input [3:0] d, output [7:0] q);\n  assign q = d;"
CELL = "Module 'sub' referenced in module 'theirs' in cell 'u'"
INPUTS = "is one too many; the inputs have to be clk rst a b en clear."
STEP = "if (rst) acc <= 0; else if (en) acc <= (clear ? 8'sd0 : acc) + a * b;"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("assign y[6:0] = a * b;", "4: Nothing drives the output 'y[7]'."),
        ("assign y[5:2] = a * b;", "4: Nothing drives the output 'y[1:0]' and 'y[7:6]'."),
        ("", "4: Nothing drives the output 'y'."),
        (
            "wire signed [8:1] t; assign t[7:1] = a * b;\n  assign y = c + t;",
            "5: Nothing drives 't[8]', which the output 'y' hangs on.",
        ),
        (
            "assign y = c + a * z;",
            "5: Nothing drives 'z', which the output 'y' hangs on.",
        ),
        ("assign y = 8'sbx;", "4: The output 'y' is x."),
        ("assign y = {7'd0, 1'bz};", "4: The output 'y[0]' is z."),
        ("assign y = a[0] ? c : 8'bz;", "5: 'y' is left at z where nothing drives it."),
        (
            "bufif1 (y[0], a[0], b[0]); assign y[7:1] = 0;",
            "5: 'y[0]' is left at z where nothing drives it.",
        ),
        ("assign y = (a === 4'bx) ? 0 : c;", "5: A comparison with x, which no circuit can make."),
        (
            "assign y = (a == 4'b1xxx) ? 0 : c;",
            "5: A comparison with x, which no circuit can make.",
        ),
        ("assign y = (a !== 4'bz) ? 0 : c;", "5: A comparison with z, which no circuit can make."),
        (
            "wire [7:0] k = $anyconst;\n  assign y = c + k;",
            "5: $anyconst is a value of formal tools, which no circuit has.",
        ),
        (
            "(* anyseq *) wire [7:0] k;\n  assign y = c + k;",
            "5: $anyseq is a value of formal tools, which no circuit has.",
        ),
        (
            "(* allconst *) wire [7:0] k;\n  assign y = c + k;",
            "5: $allconst is a value of formal tools, which no circuit has.",
        ),
        (
            "assign y = $initstate ? 0 : c;",
            "5: $initstate is a value of formal tools, which no circuit has.",
        ),
        (
            "wire [7:0] t = y;\n  assign y = c + t;",
            "6: 'y[0]' hangs on itself with no register between.",
        ),
        ("assign y = c;\n  assign y = a;", "4: The net 'y' has several drivers."),
        ("assign y = c;\n  assign y[3] = 1;", "4: The net 'y[3]' has several drivers."),
        ("assign y = 8'd1;\n  assign y = 8'd2;", "4: The net 'y' has several drivers."),
        (f"sub u(a, y);\n  sub v(b, y);\n{SUB_OF}", "4: The net 'y' has several drivers."),
        ("assign a = 1;\n  assign y = c;", "2: The input 'a' is driven inside the module."),
        (
            "assign a = b;\n  assign y = c;",
            "2: The inputs 'a' and 'b' are connected to each other.",
        ),
        ("assign y = c + ;", "5: syntax error, unexpected ';'."),
        ("assign y = f(c);", "5: Can't resolve function name 'f'."),
        (
            "sub u(.d(a), .q(y));",
            f"5: {CELL} is not part of the design.",
        ),
        (
            f"sub u(.d(a), .p(y));\n{SUB_OF}",
            f"5: {CELL} does not have a port named 'p'.",
        ),
        (
            f"sub u(.d(a), .q(y));\n{SUB_OF.replace('module sub', '(* blackbox *) module sub')}",
            "5: The module 'sub' of 'u' has no inside.",
        ),
        ("assign y = c ** a;", "5: A cell $pow cannot be proved."),
        (
            "reg [7:0] t; always @* if (a[0]) t = c;\n  assign y = t;",
            "5: The register 'y' is a latch, held by 'a[0]', not a flip-flop.",
        ),
        (
            "reg [7:0] t; always @(posedge a[0]) t <= c;\n  assign y = t;",
            "5: The register 'y' is one too many; a core has none.",
        ),
        ('`include "other.vh"', " Can't open include file 'other.vh'."),
    ],
)
def test_core_that_is_none(body, sentence):
    circuit = Circuit(
        SMALL, Shape.CORE, CORE.format(body), "theirs", "verilog", "their folder/core.v"
    )
    assert message(circuit) == f"their folder/core.v:{sentence}"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("input clk, ", "input ", " The module theirs has no input 'clk' of 1 bit."),
        ("en, clear", "en, zero", " The module theirs has no input 'clear' of 1 bit."),
        (
            "reg signed [7:0] acc",
            "reg signed [7:0] sum",
            " The module theirs has no output 'acc' of 8 bits.",
        ),
        ("[3:0] a, b", "[4:0] a, b", "2: The input 'a' of theirs has 5 bits, not 4."),
        (
            "signed [7:0] acc",
            "signed [8:0] acc",
            "3: The output 'acc' of theirs has 9 bits, not 8.",
        ),
        ("output reg", "inout", "3: The port 'acc' of theirs is an inout, not an output."),
        (
            "input clk, ",
            "output clk, input ",
            "2: The port 'clk' of theirs is an output, not an input.",
        ),
        (
            "clear,",
            "clear, test,",
            f"2: The input 'test' of theirs {INPUTS}",
        ),
        (
            "a, b,",
            "a, b, inout [1:0] pad,",
            f"2: The inout 'pad' of theirs {INPUTS}",
        ),
    ],
)
def test_unit_with_other_ports(old, new, sentence):
    text = UNIT.format(
        "" if "inout" in new and "pad" not in new else f"always @(posedge clk) {STEP}"
    )
    assert text.count(old) == 1
    circuit = Circuit(SMALL, Shape.UNIT, text.replace(old, new), "theirs", "verilog", "unit.v")
    assert message(circuit) == f"unit.v:{sentence}"


def test_register_with_two_drivers():
    text = UNIT.format(
        f"always @(posedge clk) {STEP}\n  always @(posedge clk) if (clear) acc <= 0;"
    )
    circuit = Circuit(SMALL, Shape.UNIT, text, "theirs", "verilog", "unit.v")
    assert message(circuit) == (
        "unit.v:3: The net 'acc[0]' has several drivers (unit.v:4 and unit.v:5)."
    )


def test_line_that_the_text_names_itself():
    text = CORE.format('`line 70 "generator.in" 0\n  assign y = (a === 4\'bx) ? 0 : c;')
    assert message(Circuit(SMALL, Shape.CORE, text, "theirs", "verilog", "core.v")) == (
        "generator.in:70: A comparison with x, which no circuit can make."
    )


CORES = {
    "carries in one vector": (
        "wire signed [7:0] p = a * b; wire [8:0] k; assign k[0] = 0, y = p ^ c ^ k[7:0];"
        " assign k[8:1] = (p & c) | (k[7:0] & (p ^ c));"
    ),
    "table": (
        "reg signed [7:0] t [0:15]; integer i; initial for (i = 0; i < 16; i = i + 1) t[i] = 2 * i;"
        " assign y = c + a * b + t[b] - t[b];"
    ),
    "falling ranges": "wire [0:3] d = a; wire [0:7] q = c + $signed(d) * b; assign y = q;",
    "case equality": "assign y = (a === 4'b0) ? c : c + a * b;",
    "casez": (
        "reg signed [7:0] t; always @* casez (a) 4'b000z: t = a[0] ? b : 0;"
        " default: t = a * b; endcase assign y = c + t;"
    ),
}


@pytest.mark.parametrize("body", CORES.values(), ids=CORES)
def test_unusual_core_is_accepted(body):
    circuit = Circuit(SMALL, Shape.CORE, CORE.format(body), "theirs", "verilog")
    assert circuit.structure.unknown == ()
    own = Circuit.emitted(SMALL, Shape.CORE)
    check_equal(logic_of(circuit), logic_of(own))
    assert "(define-fun |theirs_t|" in circuit.smt2


@pytest.mark.parametrize("shape", Shape)
@pytest.mark.parametrize("unit", SOME_UNITS)
def test_own_units_are_sound(unit, shape):
    for circuit in (Circuit.built(UNITS[unit], shape), Circuit.emitted(UNITS[unit], shape)):
        found = circuit.structure
        assert (found.hidden, found.unknown, found.ripples) == ((), (), False)
