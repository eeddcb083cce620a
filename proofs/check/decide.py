"""The process that a query is solved in: SMT-LIB on stdin, an answer in JSON on stdout."""

import importlib
import json
import sys
import time

import bitwuzla

__all__ = ["decide", "to_bit_vectors"]


def to_bit_vectors(text: str) -> str:
    """The same question without floating-point terms, by z3."""
    z3 = importlib.import_module("z3")
    goal = z3.Goal()
    goal.add(z3.parse_smt2_string(text))
    # This tactic alone: after z3's simplifications bitwuzla takes twice as long.
    (translated,) = z3.Tactic("fpa2bv")(goal)
    solver = z3.Solver()
    solver.add(*translated)
    return solver.to_smt2().replace("(check-sat)", "")


def decide(text: str, constants: list[str]) -> tuple[str, dict[str, int]]:
    """Solve a query with bitwuzla.

    Returns
    -------
    str
        ``sat``, ``unsat`` or ``unknown``.
    dict of str to int
        Where ``sat``, values of bit-vector constants.
    """
    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, True)
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    parser.parse(text, True, False)
    solver = parser.bitwuzla()
    result = solver.check_sat()
    if result is not bitwuzla.Result.SAT:
        return ("unsat" if result is bitwuzla.Result.UNSAT else "unknown"), {}
    declared = {term.symbol(): term for term in parser.get_declared_funs()}
    # A constant that a translation dropped may have any value.
    return "sat", {
        name: int(solver.get_value(declared[name]).value(2), 2) if name in declared else 0
        for name in constants
    }


def _main() -> None:
    translate, *constants = sys.argv[1:]
    text = sys.stdin.read()
    verdict, model = decide(to_bit_vectors(text) if translate == "z3" else text, constants)
    print(json.dumps({"verdict": verdict, "model": model, "seconds": time.process_time()}))


if __name__ == "__main__":
    _main()
