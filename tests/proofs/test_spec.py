"""The specification against the golden model, and against a wrong one; no circuit in sight."""

import subprocess
import sys

import pytest
from children import PATIENCE
from samples import one_in

from fp8mac.hw.config.formats import NAMED_FORMATS, parse_format
from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.bugs.mutations import parse_unit_text
from fp8mac.proofs.check import queries
from fp8mac.proofs.check.decide import decide, to_bit_vectors
from fp8mac.proofs.check.queries import Query, decode_query, decoded
from fp8mac.proofs.check.solve import Encoding, Solver
from fp8mac.proofs.spec.sorts import all_sorts, sorts_of
from fp8mac.proofs.spec.spec import core_claim, definitions
from fp8mac.proofs.spec.theory import BINARY64, BINARY128, Sort, bits, decode
from fp8mac.sim.check.stimuli import biased_triples, random_numbers
from fp8mac.sim.exact import golden

SMALL_FORMATS = [name for name, each in NAMED_FORMATS.items() if each.bits <= 8]

#: Every kind of accumulator, option and special value, and operands that do not fit into it.
UNITS = [
    "e4m3,fp16",
    "e5m2,e6m9",
    "e3m4,fp32",
    "int8,bf16",
    "int4,e4m3,fp16",
    "e4m3,fp16:rtz",
    "e4m3,fp16:sr=5",
    "e5m2,e4m3:sr=3:saturate",
    "int8,e4m3fnuz:sr=2:ftz",
    "e5m2,fp16:saturate",
    "e5m2,fp16:ftz",
    "e5m2,e4m3,fp16:rtz:ftz:saturate",
    "e5m2fnuz,fp16:ftz",
    "e5m2,e4m3",
    "e5m2,e4m3:saturate",
    "e4m3,e5m2",
    "e4m3,e4m3fnuz",
    "e5m2,e4m3fnuz:saturate:rtz",
    "e4m3fnuz,e5m10fnuz:ftz",
    "e4m3b12,e5m10b3",
    "e2m1,e3m2",
    "e5m2,e3m2",
    "e4m3,e3m2:ftz",
    "int16,fp16",
    "int8,e4m3",
    "int2s,e4m3,e7m3",
    "e4m3,kulisch",
    "e5m2,e3m4fnuz,kulisch:3",
    "e2m1,kulisch:0",
    "e8m3b400,kulisch:1",
    "int8s,e4m3,kulisch",
    "int8,kulisch",
    "int4,int8,int12",
    "int8,int16:saturate",
]


def claims(config: MacConfig, *, wrong: bool, count: int = 60) -> list[str]:
    """The claim for many steps of the golden model, or for each with one bit changed."""
    found = []
    drawn = random_numbers(config, count, seed=1)
    triples = biased_triples(config, count, seed=1).integers()
    for (a, b, c), random in zip(triples, drawn, strict=True):
        want = golden.mac(config, a, b, c, random=random)
        if wrong and want.acc is None:
            continue
        y = (want.acc or 0) ^ (wrong << a % config.acc_bits)
        values = {"a": (a, config.a.bits), "b": (b, config.b.bits)}
        values |= {"random": (random, config.random_bits)} if config.random_bits else {}
        values |= {"c": (c, config.acc_bits), "y": (y, config.acc_bits)}
        values |= {flag: (up, 1) for flag, up in zip(config.flags, want.flags, strict=True)}
        lets = " ".join(f"({name} {bits(value, width)})" for name, (value, width) in values.items())
        found.append(f"(let ({lets}) {core_claim(config)})")
    return found


@pytest.mark.parametrize("unit", one_in(5, [[unit] for unit in UNITS]))
def test_specification_accepts_what_the_golden_model_gives_and_nothing_else(unit):
    config = parse_unit_text(unit)
    right, wrong = claims(config, wrong=False), claims(config, wrong=True)
    assert len(right) == 60
    assert len(wrong) > 20
    text = definitions(config)
    text += "".join(f"(declare-const right_{n} Bool)\n" for n in range(len(right)))
    text += "".join(f"(declare-const wrong_{n} Bool)\n" for n in range(len(wrong)))
    text += "".join(f"(assert (= right_{n} {claim}))\n" for n, claim in enumerate(right))
    text += "".join(f"(assert (= wrong_{n} {claim}))\n" for n, claim in enumerate(wrong))
    all_right = " ".join(f"right_{n}" for n in range(len(right)))
    any_wrong = " ".join(f"wrong_{n}" for n in range(len(wrong)))
    text += f"(assert (or (not (and {all_right})) (or {any_wrong})))\n"
    (encoding,) = Encoding.of(all_sorts(config))
    text = to_bit_vectors(text) if encoding is Encoding.Z3 else text
    assert decide(text, []) == ("unsat", {})


@pytest.mark.parametrize("name", SMALL_FORMATS)
@pytest.mark.parametrize("encoding", Encoding)
def test_all_codes_are_decoded_as_by_the_golden_model(name, encoding):
    query = decode_query(parse_format(name), BINARY64, 0)
    assert Solver(PATIENCE).solve(query, encoding).verdict == "unsat"


def test_only_small_formats_have_a_table():
    assert len(decoded(parse_unit_text("e4m3,e5m2,fp16"))) == 2
    assert decoded(parse_unit_text("e2m7,fp16")) == [(parse_format("e2m7"), Sort(5, 11), 0)]
    assert decoded(parse_unit_text("int16,fp32")) == decoded(parse_unit_text("int8,int32")) == []


def test_wrong_decoder_is_found(monkeypatch):
    other = parse_format("e4m3fnuz")
    monkeypatch.setattr(queries, "decode", lambda _, *rest: decode(other, *rest))
    answer = Solver(PATIENCE).solve(
        decode_query(parse_format("e4m3"), BINARY64, 0), Encoding.BITWUZLA
    )
    assert answer.verdict == "sat"
    assert golden.decode(parse_format("e4m3"), answer.model["x"]) != golden.decode(
        other, answer.model["x"]
    )


def test_plain_accumulator_is_its_own_sort():
    assert sorts_of(parse_unit_text("e4m3,fp16")).exact == Sort(5, 11)
    assert sorts_of(parse_unit_text("e5m2,bf16")).rounded == Sort(8, 8)
    assert sorts_of(parse_unit_text("e5m2,kulisch")).exact == BINARY64
    assert sorts_of(parse_unit_text("int32,e8m23,kulisch")).exact == BINARY128


def test_encodings():
    common, other = {Sort(5, 11), BINARY64}, {Sort(8, 8), BINARY64}
    assert Encoding.of(common) == (Encoding.BITWUZLA,)
    assert Encoding.of(other) == (Encoding.Z3,)
    assert Encoding.of(common, both=True) == (Encoding.BITWUZLA, Encoding.Z3)
    assert Encoding.of(other, both=True) == (Encoding.Z3, Encoding.BITWUZLA)
    assert Encoding.of([], both=True) == (Encoding.BITWUZLA,)


def test_solver_that_stops_says_why():
    answer = Solver(PATIENCE).solve(Query("(assert nonsense)", ()), Encoding.BITWUZLA)
    assert answer.verdict.startswith("the solver stopped: ")
    assert "nonsense" in answer.verdict


def test_specification_knows_no_circuit():
    code = (
        "import sys, fp8mac.proofs.spec.spec; "
        "known = {name for name in sys.modules if name.startswith('fp8mac.')}; "
        "assert 'amaranth' not in sys.modules; print(*sorted(known))"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    known = set(child.stdout.split())
    rooms = "fp8mac.hw.config", "fp8mac.proofs.spec"
    others = {name for name in known if not name.startswith(rooms)}
    assert others <= {"fp8mac.hw", "fp8mac.proofs"}
    assert {"fp8mac.hw.config.unit", "fp8mac.proofs.spec.theory"} < known
