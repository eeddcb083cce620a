"""Descriptions of units with any words together, as strategies of hypothesis."""

from hypothesis import strategies as st

__all__ = ["lines"]

operands = st.sampled_from(
    "e2m1 e1m1none e3m2 e2m3 e4m3 e5m2 e4m3fnuz e5m2fnuz e2m1ieee e3m2*e4m3 e5m2*e2m1 mxfp4 nvfp4 "
    "mxfp6e3m2 mxint8".split()
)
accumulators = st.sampled_from("fp16 bf16 e4m3ieee e3m2ieee e5m4 e8m3 e3m3 e4m3 e5m2fnuz".split())
options = st.sampled_from(
    ["", ":rtz", ":odd", ":sum0", ":plus0", ":saturate", ":daz", ":ftz", ":rtz:inf:plus0"]
)
cuts = st.sampled_from(["", ":floor", ":odd"])
bits = st.integers(1, 14)


def maybe(*words):
    return st.one_of(st.just(""), *words)


words = st.tuples(
    maybe(st.just(", tree"), st.builds(", window {}{}".format, bits, cuts)),
    maybe(st.sampled_from([", groups 2", ", groups 2 of 2", ", groups 4"])),
    maybe(st.builds(", join {}{}".format, bits, cuts)),
    maybe(
        st.just(", late"),
        st.builds(", late {} {}{}".format, bits, bits, cuts),
        st.builds(", late {} {}{} drop {}".format, bits, bits, cuts, st.integers(0, 9)),
    ),
    maybe(st.just(", products rounded"), st.just(", products bounded")),
    maybe(st.just(", exponents normalised"), st.just(", exponents as fp16")),
)
lines = st.builds(
    "{} x {} -> {}{}{}".format,
    operands,
    st.sampled_from([2, 4, 6]),
    accumulators,
    options,
    words.map("".join),
)
"""Lines; many are no unit, or one that no circuit is of."""
