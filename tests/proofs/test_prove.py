"""Proofs of units and of somebody's Verilog; and that everything that should fail does."""

import dataclasses
import re
from itertools import product

import pytest
from children import PATIENCE
from samples import one_in

from fp8mac.gen.verilog import rtlil_text
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.proofs.bugs.mutations import MUTATIONS, parse_unit_text
from fp8mac.proofs.check import queries
from fp8mac.proofs.check.checks import Check, CheckKind, Record, Verdict, failures, plan
from fp8mac.proofs.check.circuit import Circuit, CircuitError
from fp8mac.proofs.check.equivalence import EquivalenceError, check_equal, logic_of
from fp8mac.proofs.check.prove import Prover, prove_units, prove_verilog
from fp8mac.proofs.check.replay import ReplayError, replay
from fp8mac.proofs.check.solve import Encoding, Solver
from fp8mac.synth_reports.store.store import Store

#: A float, a Kulisch, an integer unit; the first has a sort of its own.
UNITS = [parse_unit_text(unit) for unit in ("e2m1,bf16", "e4m3,kulisch", "int4,int12")]
SEGMENTED = [
    f"e2m1 -> kulisch:3:segmented=3:resolve=combinational, stages {stages}" for stages in (2, 3)
]
SMALL = parse_unit_text("int4,int8")

MULTIPLY_ADD = """\
// Somebody else's module.
module {name}(input signed [3:0] a, b, input signed [7:0] c, output signed [7:0] y);
  assign y = {expression};
endmodule
"""


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path))


def step(config, *, shape=Shape.CORE, encoding=Encoding.BITWUZLA, **options):
    return Check(config, shape, CheckKind.STEP, encoding, **options)


@pytest.mark.parametrize(
    ("units", "count"),
    # Decoders: of floats; bugs in int cores: one.
    [(UNITS[:1], 2 * 5 + 1), (UNITS, 2 * 3 * 5 + 1)],
    ids=["a float", "all"],
)
@pytest.mark.slow
def test_units_are_proved(units, count):
    seen = []
    records = prove_units(units, solver=Solver(PATIENCE), jobs=1, progress=seen.append)
    assert sorted(map(id, seen)) == sorted(map(id, records))
    assert failures(records) == []
    assert [record.check for record in records] == plan(units)
    assert len(records) == count
    verdicts = {record.check.kind: record.verdict for record in records}
    assert verdicts == dict.fromkeys(CheckKind, Verdict.PROVED) | {
        CheckKind.MUTATION: Verdict.REFUTED
    }
    steps = [record.check for record in records if record.check.kind is CheckKind.STEP]
    assert [(each.shape, each.encoding) for each in steps] == [
        (shape, encoding)
        for encoding in (Encoding.Z3, Encoding.BITWUZLA, Encoding.BITWUZLA)[: len(units)]
        for shape in Shape
    ]


def test_both_encodings_agree():
    config = parse_unit_text("e2m1,e3m2")
    checks = [check for check in plan([config], both=True) if check.kind is CheckKind.STEP]
    assert [check.encoding for check in checks] == [Encoding.Z3, Encoding.BITWUZLA] * 2
    records = Prover(Solver(PATIENCE)).run_all(checks, jobs=1)
    assert [record.verdict for record in records] == [Verdict.PROVED] * 4


@pytest.mark.parametrize(
    "unit",
    one_in(
        3,
        [("int2s,e4m3,e7m3",), ("e3m1b2none,int4,e8m3b1fnuz:rtz",), ("e5m2,e4m3fn:ftz:saturate",)],
    ),
)
@pytest.mark.parametrize("shape", Shape)
def test_any_format_is_proved(unit, shape):
    check = step(parse_unit_text(unit), shape=shape, encoding=Encoding.Z3)
    assert Prover(Solver(PATIENCE)).run(check).verdict is Verdict.PROVED


@pytest.mark.slow
@pytest.mark.parametrize(
    ("unit", "goal"),
    [*product(["e2m1 -> kulisch:0, stages 2", "int4 -> int9, stages 2", *SEGMENTED], Goal)],
)
def test_two_stages_are_proved_from_any_state(unit, goal):
    config = parse_unit_text(unit)
    records = prove_units({goal: [config]}, solver=Solver(PATIENCE), mutations=99)
    assert failures(records) == []
    found = {record.check.mutation.name for record in records if record.check.mutation}
    assert found >= {
        "clear overtakes its product",
        "a bubble is added",
        "what is on its way outlives a reset",
    }


def test_unit_of_one_stage_has_not_two():
    """Its sums come a cycle too early."""
    early = parse_unit_text("e2m1,kulisch:0")
    late = dataclasses.replace(early, stages=2)
    circuit = dataclasses.replace(Circuit.built(early, Shape.UNIT), config=late)
    record = Prover(Solver(PATIENCE)).run(step(late, shape=Shape.UNIT, circuit=circuit))
    assert record.verdict is Verdict.REFUTED
    assert record.counterexample is not None
    assert "rst_after" in record.counterexample.controls


def test_time_out_fails():
    record = Prover(Solver(0.01)).run(step(parse_unit_text("e2m1,e3m2")))
    assert record.verdict is Verdict.FAILED
    assert failures([record]) == [
        "mac_e2m1_e2m1_e3m2_core: step (bitwuzla): no answer in 0.01 s.",
        "mac_e2m1_e2m1_e3m2_core: step (bitwuzla): no planted bug was refuted beside this proof.",
    ]


def test_answers_are_remembered_but_failures_are_not(tmp_path, monkeypatch):
    check = step(SMALL)
    assert Prover(Solver(0.01, Store(tmp_path))).run(check).verdict is Verdict.FAILED
    first = Prover(Solver(PATIENCE, Store(tmp_path))).run(check)
    assert first.verdict is Verdict.PROVED
    monkeypatch.setattr(Solver, "_run", None)
    assert Prover(Solver(PATIENCE, Store(tmp_path))).run(check) == first


def test_wrong_specification_is_noticed(monkeypatch):
    right = queries.definitions
    monkeypatch.setattr(
        queries, "definitions", lambda *a, **b: right(*a, **b).replace("fp.fma RNE", "fp.fma RTZ")
    )
    record = Prover(Solver(PATIENCE)).run(step(parse_unit_text("e2m1,e3m2")))
    assert record.verdict is Verdict.FAILED
    assert record.reason.startswith("The golden model agrees with the circuit: a = 0x")


def test_specification_that_accepts_everything_is_noticed(monkeypatch):
    monkeypatch.setattr(queries, "core_claim", lambda config: "true")
    config = parse_unit_text("e2m1,e3m2")
    checks = [check for check in plan([config], mutations=1) if check.shape is Shape.CORE]
    checks = [check for check in checks if check.kind in (CheckKind.STEP, CheckKind.MUTATION)]
    records = Prover(Solver(PATIENCE)).run_all(checks, jobs=1)
    assert failures(records) == [
        f"{records[1].check}: the planted bug survives: The circuits differ.",
        "mac_e2m1_e2m1_e3m2_core: step (z3): no planted bug was refuted beside this proof.",
    ]


def test_bug_that_changes_nothing_is_proved_equivalent():
    tie = next(mutation for mutation in MUTATIONS if mutation.part == "tie rule")
    same = dataclasses.replace(tie, new="| mantissa[0] | mantissa[0]")
    check = Check(parse_unit_text("e2m1,e3m2"), Shape.CORE, CheckKind.MUTATION, Encoding.Z3, same)
    record = Prover(Solver(PATIENCE)).run(check)
    assert record.verdict is Verdict.EQUIVALENT
    assert failures(
        [record, Record(dataclasses.replace(check, kind=CheckKind.STEP), Verdict.PROVED)]
    )


def test_counterexample_that_is_none_is_refused():
    circuit = Circuit.built(SMALL, Shape.CORE)
    with pytest.raises(ReplayError) as error:
        replay(circuit, {"a": 3, "b": 4, "c": 5, "y": 18})
    assert str(error.value) == "The circuit gives {'y': 17}, not {'y': 18} as the solver says."
    with pytest.raises(ReplayError) as error:
        replay(circuit, {"a": 3, "b": 4, "c": 5, "y": 17})
    assert str(error.value) == (
        "The golden model agrees with the circuit: a = 0x3 (3), b = 0x4 (4), acc = 0x05 (5): "
        "got 0x11 (17), want 0x11 (17)."
    )


def test_counterexample_in_words():
    config = parse_unit_text("e5m2,kulisch")
    mutation = next(each for each in MUTATIONS if each.name == "flag not sticky")
    circuit = Circuit.mutated(config, Shape.UNIT, mutation)
    state = {"acc": 1, "pos_inf": 1, "neg_inf": 0, "en": 1, "clear": 0, "rst": 0}
    after = {"acc_next": 1 + (1 << 32), "pos_inf_next": 0, "neg_inf_next": 0}
    found = replay(circuit, {"a": 0x3C, "b": 0x3C, **state, **after})
    assert str(found) == (
        "a = 0x3c (1), b = 0x3c (1), en = 1, clear = 0, rst = 0, "
        "acc = 0x00000000000000000001 (2.3283064365386963e-10), pos_inf: "
        "got 0x00000000000100000001 (1.0000000002328306), want anything, pos_inf"
    )


@pytest.mark.parametrize("expression", ["c + a * b", "(b * a) + c", "c - a * -b"])
def test_right_verilog_is_accepted(expression):
    text = MULTIPLY_ADD.format(name="theirs", expression=expression)
    records = prove_verilog(SMALL, Shape.CORE, text, "theirs", solver=Solver(PATIENCE), jobs=1)
    assert failures(records) == []


def test_wrong_verilog_is_refuted():
    text = MULTIPLY_ADD.format(name="theirs", expression="c + {a} * b")
    step_record, mutation = prove_verilog(
        SMALL, Shape.CORE, text, "theirs", solver=Solver(PATIENCE), jobs=1
    )
    assert mutation.verdict is Verdict.REFUTED
    found = step_record.counterexample
    assert found is not None
    assert found.got.acc != found.want.acc
    assert failures([step_record, mutation]) == [f"theirs: step (bitwuzla): {found}."]


@pytest.mark.slow
def test_other_nan_is_accepted_on_request():
    config = parse_unit_text("e2m1,e3m2ieee")
    ours = Circuit.emitted(config, Shape.CORE)
    header, _, body = ours.text.rpartition("6'h1e")
    assert "6'h1e" not in header.partition("module")[2]
    text = f"{header}6'h1d{body}"
    for any_nan, verdict in ((False, Verdict.REFUTED), (True, Verdict.PROVED)):
        records = prove_verilog(
            config, Shape.CORE, text, ours.top, any_nan=any_nan, solver=Solver(PATIENCE), jobs=1
        )
        assert (
            next(each for each in records if each.check.kind is CheckKind.STEP).verdict is verdict
        )


def test_undefined_bits_prove_nothing():
    text = MULTIPLY_ADD.format(name="theirs", expression="a == 0 ? 8'sbx : c + a * b")
    record = Prover(Solver(PATIENCE)).run(
        step(SMALL, circuit=Circuit(SMALL, Shape.CORE, text, "theirs", "verilog"))
    )
    assert record.verdict is Verdict.FAILED
    assert re.fullmatch(
        r"theirs\.v:3: The output 'y' is x for a = 0x0, b = 0x\w+, c = 0x\w+\.", record.reason
    )


@pytest.mark.parametrize(
    ("vector", "index", "proved"),
    [
        ("[7:0]", "b[2:0]", True),
        ("[4:0]", "b[2] ? 3'd4 : b[2:0]", True),
        ("[4:0]", "b[2:0]", False),
        ("[8:2]", "{b[2:0], 1'b0}", False),
        ("[3:-4]", "$signed(b[2:0])", True),
        ("[3:-3]", "$signed(b[2:0])", False),
    ],
)
def test_bit_beyond_a_vector_is_anything(vector, index, proved):
    text = f"""\
module theirs(input signed [3:0] a, b, input signed [7:0] c, output [7:0] y);
  wire {vector} v = 0;
  wire read = v[{index}];
  assign y = c + a * b + $signed({{7'd0, read}});
endmodule
"""
    record = Prover(Solver(60)).run(
        step(SMALL, circuit=Circuit(SMALL, Shape.CORE, text, "theirs", "verilog"))
    )
    assert (record.verdict is Verdict.PROVED) == proved, record.reason
    assert proved or record.reason.startswith("theirs.v:3: The output 'y' is x for a = 0x")


@pytest.mark.parametrize(
    ("text", "top", "message"),
    [
        (
            MULTIPLY_ADD.replace("[3:0] a", "[4:0] a"),
            "theirs",
            "theirs.v:2: The input 'a' of theirs has 5 bits, not 4.",
        ),
        (
            MULTIPLY_ADD.replace(" y)", " z)").replace(" y ", " z "),
            "theirs",
            "theirs.v: The module theirs has no output 'y' of 8 bits.",
        ),
    ],
)
def test_wrong_ports_are_refused(text, top, message):
    text = text.format(name=top, expression="c + a * b")
    with pytest.raises(CircuitError) as error:
        prove_verilog(SMALL, Shape.CORE, text, top)
    assert str(error.value) == message


def test_registers_in_a_core_are_refused():
    text = """\
module theirs(input clk, input signed [3:0] a, b, input signed [7:0] c, output reg signed [7:0] y);
  always @(posedge clk) y <= c + a * b;
endmodule
"""
    with pytest.raises(CircuitError) as error:
        prove_verilog(SMALL, Shape.CORE, text, "theirs")
    assert str(error.value) == (
        "theirs.v:1: The input 'clk' of theirs is one too many; the inputs have to be a b c."
    )


def test_name_of_no_module_is_refused():
    text = MULTIPLY_ADD.format(name="theirs", expression="c")
    with pytest.raises(CircuitError) as error:
        prove_verilog(SMALL, Shape.CORE, text, "theirs; shell")
    assert str(error.value) == "'theirs; shell' is not the name of a module."
    with pytest.raises(CircuitError) as error:
        prove_verilog(SMALL, Shape.CORE, text, "ours")
    assert str(error.value) == "ours.v: Module 'ours' not found."


def test_registered_unit_in_verilog_is_accepted():
    unit = Circuit.emitted(SMALL, Shape.UNIT)
    records = prove_verilog(SMALL, Shape.UNIT, unit.text, unit.top, solver=Solver(PATIENCE), jobs=1)
    assert failures(records) == []


UNIT = """\
module theirs(
  input clk, rst, en, clear, input signed [3:0] a, b, output {reg}signed [7:0] acc
);
  wire signed [7:0] next = rst ? 8'sd0 : en ? (clear ? 8'sd0 : acc) + a * b : acc;
  {body}
endmodule
"""


def prove_unit(body: str, reg: str = ""):
    text = UNIT.format(body=body, reg=reg)
    return prove_verilog(SMALL, Shape.UNIT, text, "theirs", solver=Solver(60), jobs=1)


@pytest.mark.parametrize(
    "body",
    [
        "reg [7:0] n; assign acc = ~n; always @(posedge clk) n <= ~next;",
        """reg [7:0] s, k; assign acc = s + k;
  wire [7:0] p = a * b, x = clear ? 0 : s, z = clear ? 0 : k;
  always @(posedge clk) if (rst) {s, k} <= 0; else if (en) begin
    s <= x ^ z ^ p; k <= {(x & z) | (x & p) | (z & p), 1'b0}; end""",
    ],
    ids=["inverted", "carries saved"],
)
def test_state_may_be_coded_in_any_way(body):
    assert failures(prove_unit(body)) == []


@pytest.mark.parametrize(
    ("body", "register"),
    [
        ("reg [7:0] n; assign acc = ~n; always @(posedge clk) n <= ~next + en;", "n"),
        (
            """reg d; reg [7:0] r; assign acc = r; always @(posedge clk) begin
    d <= en; r <= d ? next : r; end""",
            "d",
        ),
    ],
    ids=["coded", "late"],
)
def test_hidden_state_is_named(body, register):
    with pytest.raises(CircuitError) as error:
        prove_unit(body)
    assert str(error.value) == (
        f"theirs.v:5: The outputs hang on the register '{register}' as well, which is no output, "
        "and are wrong for some of its values."
    )


@pytest.mark.parametrize("edge", ["negedge clk", "posedge (clk & en)", "posedge en"])
def test_own_verilog_on_another_clock_is_not_proved_equal(monkeypatch, edge):
    emitted = Circuit.emitted(SMALL, Shape.UNIT)
    wrong = dataclasses.replace(emitted, text=emitted.text.replace("posedge clk", edge))
    assert wrong.text != emitted.text
    monkeypatch.setattr(Circuit, "emitted", lambda *args, **kwargs: wrong)
    record = Prover(Solver(60)).run(Check(SMALL, Shape.UNIT, CheckKind.VERILOG))
    assert record.verdict is Verdict.FAILED
    assert ": The register 'acc' is clocked by the " in record.reason
    assert record.reason.endswith(", not by the rising edge of 'clk'.")


def test_own_rtl_on_another_clock_is_not_proved():
    built = Circuit.built(SMALL, Shape.UNIT)
    text = re.sub(r"(\\CLK_POLARITY) 1\b", r"\1 0", built.text)
    assert text != built.text
    wrong = dataclasses.replace(built, text=text)
    sentence = "^The register 'acc' is clocked by the falling edge of 'clk', not by the rising"
    with pytest.raises(CircuitError, match=sentence):
        _ = wrong.smt2
    with pytest.raises(CircuitError, match=sentence):
        logic_of(wrong)


def test_equivalence_refuses_other_flip_flops_and_functions():
    core, unit = (logic_of(Circuit.built(SMALL, shape)) for shape in Shape)
    check_equal(unit, unit)
    with pytest.raises(EquivalenceError, match="do not have the same ports and flip-flops"):
        check_equal(unit, core)
    bug = next(each for each in MUTATIONS if each.name == "clear adds to the old sum")
    other = Circuit.mutated(SMALL, Shape.UNIT, bug)
    with pytest.raises(EquivalenceError) as error:
        check_equal(unit, logic_of(other))
    assert str(error.value) == "The circuits differ."


def test_circuit_is_evaluated_by_numbers():
    wide = Circuit.built(parse_unit_text("int8,int32"), Shape.CORE)
    assert wide.evaluate({"a": 0xFF, "b": 2, "c": 1}) == {"y": 2**32 - 1}
    assert wide.text == rtlil_text(wide.config, Shape.CORE)
