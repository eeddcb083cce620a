"""Which points a specification stands for, and what is said of one that means nothing."""

import pytest

from fp8mac.hw.config.errors import Error
from fp8mac.synth_reports.experiments.sweep import spec
from fp8mac.synth_reports.experiments.sweep.space import space_of
from fp8mac.synth_reports.experiments.sweep.spec import Spec, SpecError, read_specs

SPEC = """
formats = ["int8", "e4m3*e5m2"]
accumulators = ["kulisch", "fp16"]
guard_bits = [0, 4]
networks = ["digits_mlp"]
questions = 100

[[part]]
stages = [1, 2]

[[part]]
lanes = 4
windows = [16, 26]
networks = []
"""


def units(specs):
    return [point.config.text for point in space_of(specs).points]


def test_a_file(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(SPEC)
    first, second = read_specs(path)
    assert first == Spec(
        formats=("int8", "e4m3*e5m2"),
        accumulators=("kulisch", "fp16"),
        guard_bits=(0, 4),
        networks=("digits_mlp",),
        questions=100,
        stages=(1, 2),
    )
    assert units([first]) == [
        f"{formats} -> {acc}{stages}"
        for formats in ("int8", "e4m3*e5m2")
        for acc in ("kulisch:0", "kulisch:4", "fp16")
        for stages in ("", ", stages 2")
    ]
    assert units([second]) == [
        f"{formats} x 4 -> {acc}"
        for formats in ("int8", "e4m3*e5m2")
        for acc in ("kulisch:0", "kulisch:4", "fp16, window 16", "fp16, window 26")
        if (formats, acc[:4]) != ("int8", "fp16")
    ]
    assert len(space_of([second]).refused) == 2


def test_identity():
    spec = Spec(units=("e4m3 x 4 -> fp32, window 26", "e4m3*e5m2 -> kulisch:3, stages 2"))
    first, second = (point.identity() for point in space_of([spec]).points)
    kept = ("formats", "accumulator", "guard_bits", "lanes", "window", "stages")
    assert [first[name] for name in kept] == ["e4m3", "fp32", None, 4, 26, 1]
    assert [second[name] for name in kept] == ["e4m3*e5m2", "kulisch:3", 3, 1, None, 2]
    assert (first["slug"], first["goal"], first["library"], first["network"]) == (
        "mac_e4m3_e4m3_fp32_x4_window26",
        "area",
        "fp8mac",
        None,
    )


def test_goals_delays_libraries_and_fpgas():
    spec = Spec(
        units=("e4m3 -> fp16",),
        goals=("area", "speed", "fpga-dsp"),
        delays=("20fo4",),
        libraries=("fp8mac", "own.lib"),
        fpgas=("ice40", "ecp5"),
    )
    found = [(each.goal, each.delay, each.library, each.fpga) for each in space_of([spec]).points]
    assert found == [
        ("area", "", "fp8mac", ""),
        ("area", "", "own.lib", ""),
        ("speed", "", "fp8mac", ""),
        ("speed", "", "own.lib", ""),
        ("fpga-dsp", "", "", "ice40"),
        ("fpga-dsp", "", "", "ecp5"),
        ("", "20fo4", "fp8mac", ""),
        ("", "20fo4", "own.lib", ""),
    ]
    only = space_of([Spec(units=("e4m3 -> fp16",), fpgas=("ecp5",))]).points
    assert [(each.goal, each.fpga) for each in only] == [("fpga", "ecp5")]
    only = space_of([Spec(units=("e4m3 -> fp16",), delays=("1GHz",))]).points
    assert [(each.goal, each.delay) for each in only] == [("", "1GHz")]


def test_data_are_of_own_models():
    spec = Spec(units=("e4m3 -> fp16",), networks=("fmnist", "net.onnx"), inputs="x.npz", axes="0")
    found = [(each.network, each.inputs, each.axes) for each in space_of([spec]).points]
    assert found == [("fmnist", "", ""), ("net.onnx", "x.npz", "0")]


def test_equal_points_are_one():
    spec = Spec(formats=("e4m3", "e4m3"), accumulators=("fp16",), units=("e4m3 -> fp16",))
    assert units([spec, spec]) == ["e4m3 -> fp16"]


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        (Spec(), "Nothing to sweep: name formats and accumulators, or units."),
        (
            Spec(formats=("e4m3",), accumulators=("int32",)),
            (
                "No combination is a unit: The integer accumulator int32 cannot add e4m3 products; "
                "use kulisch or a float accumulator."
            ),
        ),
        (
            Spec(units=("e4m3 -> fp16",), goals=("small",)),
            "Unknown goal 'small'; there are area, speed, fpga, fpga-dsp.",
        ),
        (
            Spec(units=("e4m3 -> fp16",), fpgas=("ice4",)),
            "Unknown FPGA 'ice4'; there are ice40 and ecp5.",
        ),
        (
            Spec(units=("e4m3 -> fp16",), delays=("soon",)),
            "'soon' is not a delay; write 20fo4, 0.8ns or 800ps.",
        ),
        (
            Spec(units=("e4m3 -> fp16",), delays=("0GHz",)),
            "'0GHz' is not a clock; write 1.2GHz or 800MHz.",
        ),
        (
            Spec(units=("e4m3 -> fp16",), operands="odd"),
            "Unknown operands 'odd'; there are recorded and normal.",
        ),
        (
            Spec(units=("e4m3 -> fp16",), questions=0),
            "A network is asked at least 1 question, not 0.",
        ),
        (
            Spec(units=("e4m3 -> fp16",) * 300_000),
            "These are 300,000 combinations; a sweep has at most 200,000.",
        ),
    ],
)
def test_what_means_nothing(spec, sentence):
    with pytest.raises(Error) as error:
        space_of([spec])
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("formats = [", "is not TOML: "),
        ("colour = 1", "has an unknown key 'colour'; there are formats, accumulators, "),
        ("lanes = ['4']", ": lanes takes whole numbers, not ['4']."),
        ("lanes = [true]", ": lanes takes whole numbers, not [True]."),
        ("formats = [8]", ": formats takes texts, not [8]."),
        ("questions = [1]", ": questions takes a whole number, not [1]."),
        ("inputs = 3", ": inputs takes a text, not 3."),
        ("search = 'few'", ": search takes a number from 0 to 100, not 'few'."),
        ("search = nan", ": search takes a number from 0 to 100, not nan."),
        ("search = 101", ": search takes a number from 0 to 100, not 101."),
        ("optional = 1", ": optional takes true or false, not 1."),
        ("part = 3", ": a part is written [[part]]."),
    ],
)
def test_a_file_that_means_nothing(tmp_path, text, sentence):
    path = tmp_path / "spec.toml"
    path.write_text(text)
    with pytest.raises(SpecError) as error:
        read_specs(path)
    assert str(error.value).startswith(f"'{path}'")
    assert sentence in str(error.value)


def test_no_file(tmp_path):
    with pytest.raises(SpecError) as error:
        read_specs(tmp_path / "none.toml")
    assert str(error.value) == f"Cannot read '{tmp_path / 'none.toml'}': No such file or directory."


def test_the_module_says_every_key():
    assert all(f"\n    {name} = " in spec.__doc__ for name in Spec.__dataclass_fields__)
