"""Checking every state: right cores pass, planted bugs are found and counted, limits are told."""

import itertools
from functools import lru_cache

import numpy as np
import pytest
from circuits import mapped_rtlil
from samples import one_in

from fp8mac.gen.describe import module_name
from fp8mac.gen.verilog import rtlil_text
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.ports import Port, Role, Shape
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.proofs.bugs.mutations import MUTATIONS, mutated_rtlil
from fp8mac.sim.check import exhaustive, kernel
from fp8mac.sim.check.cosim import check_core
from fp8mac.sim.check.exhaustive import SelfTestError, check_all, states
from fp8mac.sim.check.kernel import CompiledKernel, CompilerError, NumpyKernel, accumulators
from fp8mac.sim.check.netlist import Netlist, pack
from fp8mac.sim.check.stimuli import Triples
from fp8mac.sim.codes.numbers import legal_codes
from fp8mac.sim.exact import golden_numpy

UNITS = [("e3m2", "e3m2", "e4m5"), ("e3m2fn", "e2m3ieee", "e3m4:rtz:ftz")]
# NaN, infinities and flags; an accumulator with fewer codes than a word has bits.
UNITS += [("e4m3fnuz", "e3m2ieee", "e3m2fn:saturate"), ("e2m2fn", "e3m1ieee", "e3m2")]
UNITS += [("e2m1", "e2m1fn", "e2m1"), ("int4s", "e3m1", "e4m3")]


@pytest.fixture(autouse=True)
def short_self_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exhaustive, "_SELF_TEST", 10_000)


@lru_cache
def core_netlist(config: MacConfig) -> Netlist:
    return mapped_rtlil(rtlil_text(config, Shape.CORE), module_name(config, Shape.CORE))


def mutated_netlist(config: MacConfig, name: str) -> Netlist:
    mutation = next(mutation for mutation in MUTATIONS if mutation.name == name)
    rtlil = mutated_rtlil(config, Shape.CORE, mutation)
    return mapped_rtlil(rtlil, module_name(config, Shape.CORE))


def without_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exhaustive, "find_compiler", lambda: None)


def every_state(config: MacConfig) -> Triples:
    codes = legal_codes(config.a), legal_codes(config.b), range(1 << config.acc_bits)
    a, b, c = np.array(list(itertools.product(*codes)), np.uint64).T
    return Triples(a, b, c[:, None])


@pytest.mark.parametrize(("a", "b", "acc"), one_in(3, UNITS), ids=lambda part: part)
def test_right_core(a, b, acc):
    config = parse_unit(a, b, acc=acc)
    result = check_all(config, core_netlist(config), slow=True)
    pairs = len(legal_codes(config.a)) * len(legal_codes(config.b))
    assert result.states == states(config) == pairs * 2**config.acc_bits
    assert (result.wrong, result.mismatches) == (0, ())


@pytest.mark.parametrize("name", ["sticky bit lost", "ties away from zero"])
def test_planted_bug_is_found(name):
    config = parse_unit("e3m2", acc="e4m5")
    netlist = mutated_netlist(config, name)
    results = [check_all(config, netlist, threads=threads, slow=True) for threads in (1, 2)]
    assert results[0].wrong == results[1].wrong > 0
    assert results[0].mismatches == results[1].mismatches
    assert len(results[0].mismatches) == min(10, results[0].wrong)


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b", "acc"), UNITS[3:], ids=lambda part: part)
def test_wrong_states_are_counted(a, b, acc, monkeypatch):
    config = parse_unit(a, b, acc=acc)
    netlist = mutated_netlist(config, "sign of minus times minus")
    triples = every_state(config)
    mismatches = check_core(config, netlist, triples)
    result = check_all(config, netlist, slow=True)
    assert result.states == len(triples.a)
    assert result.wrong == len(mismatches) > 10
    assert set(result.mismatches) < set(mismatches)
    assert len(result.mismatches) == 10
    without_compiler(monkeypatch)
    by_numpy = check_all(config, netlist, slow=True)
    assert not by_numpy.compiled
    assert (by_numpy.wrong, by_numpy.mismatches) == (result.wrong, result.mismatches)


def test_wrong_flag_is_found():
    config = parse_unit("e5m2", "e2m1", acc="e3m2")
    assert config.flags == ("pos_inf", "neg_inf")
    result = check_all(config, mutated_netlist(config, "flag of the wrong infinity"), slow=True)
    # Two codes of a are infinite, and the flag is wrong where the product is +infinity.
    assert result.wrong == 14 * 2**config.acc_bits
    assert result.mismatches[0].got_flags == (True, True)
    assert result.mismatches[0].want_flags == (True, False)


def test_kernels_take_names_from_the_table():
    """``total = state ^ left ^ right`` in the two low bits, with ports of other names."""
    table = (
        Port("total", 2, Role.RESULT, ""),
        Port("left", 2, Role.OPERAND, ""),
        Port("right", 1, Role.OPERAND, ""),
        Port("state", 2, Role.STATE, ""),
    )
    gates = (
        ("XOR2", "n", ("left[0]", "right")),
        ("XOR2", "total[0]", ("n", "state[0]")),
        ("XOR2", "total[1]", ("left[1]", "state[1]")),
    )
    inputs = ("left[0]", "left[1]", "right", "state[0]", "state[1]")
    netlist = Netlist(inputs, ("total[0]", "total[1]"), gates)
    kernels = [NumpyKernel(netlist, table)]
    if compiler := kernel.find_compiler():
        kernels.append(CompiledKernel(netlist, table, compiler))
    a, b = np.array([3, 3, 2], np.uint32), np.array([1, 0, 0], np.uint32)
    lanes = accumulators(2)
    want = np.stack(pack(lanes ^ np.uint64(2), 2))  # right for the first and the last pair
    care = np.full(2, ~np.uint64(0))
    for each in kernels:
        assert each(a, b, want, care) == (len(lanes), [(1, lane) for lane in range(10)])


def test_progress_ends_with_all_states():
    config = parse_unit("e2m1", acc="e3m2")
    calls: list[tuple[int, int]] = []
    check_all(config, core_netlist(config), progress=lambda *call: calls.append(call), slow=True)
    assert [total for _, total in calls] == [2**14] * len(calls)
    assert [done for done, _ in calls] == sorted({done for done, _ in calls})
    assert calls[-1] == (2**14, 2**14)


def test_self_test_finds_a_wrong_golden_model(monkeypatch):
    config = parse_unit("e2m1", acc="e3m2")
    netlist = core_netlist(config)
    right = golden_numpy.add_rounded
    monkeypatch.setattr(golden_numpy, "add_rounded", lambda *given: right(*given) ^ np.uint64(1))
    with pytest.raises(SelfTestError) as error:
        check_all(config, netlist, slow=True)
    assert str(error.value).startswith("Nothing was checked: for a=0x")
    assert "the golden model of mac_e2m1_e2m1_e3m2 gives 0x" in str(error.value)


def test_no_compiler(monkeypatch):
    config = parse_unit("e2m1", acc="e3m2")
    netlist = core_netlist(config)
    without_compiler(monkeypatch)
    with pytest.raises(CompilerError) as error:
        check_all(config, netlist)
    assert str(error.value) == (
        "There is no C compiler (cc, gcc, clang, or what CC names), and numpy takes about a minute "
        "for the 16,384 states of mac_e2m1_e2m1_e3m2; install one, or ask for numpy with --slow."
    )
    monkeypatch.setattr(exhaustive._Core, "estimate", lambda core, groups: 7300)
    with pytest.raises(CompilerError, match="takes about 2 hours for"):
        check_all(config, netlist)


def test_compiler_of_the_environment(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    assert kernel.find_compiler() is None
    monkeypatch.setenv("CC", "false")
    config = parse_unit("e2m1", acc="e3m2")
    with pytest.raises(CompilerError) as error:
        check_all(config, core_netlist(config))
    assert str(error.value) == "The C compiler stopped: exit code 1"


@pytest.mark.parametrize(
    ("a", "acc", "bits"),
    [("e4m3", "kulisch", 65), ("int8", "int32", 48), ("e4m3", "fp32", 48), ("e5m10", "fp16", 48)],
)
def test_too_many_states(a, acc, bits):
    config = parse_unit(a, acc=acc)
    with pytest.raises(ConfigError) as error:
        states(config)
    assert str(error.value) == (
        "Exhaustive checking is for float accumulators of at most 16 bits and for at most 2**32 "
        f"states; {config.slug} has 2**{bits} states; use `fp8mac prove`."
    )


def test_stochastic_rounding():
    with pytest.raises(ConfigError) as error:
        states(parse_unit("e4m3", acc="fp16:sr"))
    assert str(error.value) == (
        "Exhaustive checking has no random numbers, which e4m3 -> fp16:sr takes; use `fp8mac "
        "prove`."
    )
