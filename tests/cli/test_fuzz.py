"""Every option of every command, with anything in it: a result, or one sentence.

The calls are drawn from the commands' own parameters; the work behind them is that of `cli_stubs`.
"""

import itertools
import json
import os
import shlex
import shutil
import stat
import sys
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

import cli_stubs
import numpy as np
import pytest
import typer
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.cli.command import _ELSEWHERE, Never, Only, Part, recorded, rules
from fp8mac.cli.options import Number
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.store.points.points import PointStore

COMMANDS = typer.main.get_command(app).commands
UNIT = {"a": "e4m3", "acc": "fp16", "unit": "h100-fp8-e4m3", "files": "rows.npz", "digits": "1"}
UNIT |= {"network": "fmnist", "max_drop": "1", "liberty": "own.lib", "folder": "cards"}
UNIT |= {"formats": "e4m3", "accs": "fp16", "fashion": "1"}
WANTED = {"silicon": ("folder",), "sweep": ("formats", "accs")}
"""Options without which a command finds nothing to do."""
UNITS = ["e4m3", "e4m3 -> fp16"]
"""An operand, or a unit in one line, for the argument A."""
FAILURES = dict.fromkeys(("prove", "synth-check", "exhaustive", "sweep"), (0, 1, 2))
RESULTS = Path(__file__).parents[2] / "synth_reports" / "results"

FORMATS = (
    "e4m3 e5m2 int8 int4 e2m1 E4M3 e3m4fnuz fp16 e99m3 e4m3b99999999 int99999 e1m1ieee".split()
)
ACCS = "fp16 kulisch kulisch:3 kulisch:99999999 int32 int12 bf16:rtz fp16:sr fp16:wrap".split()
FILES = """
out.v new/deep/out.txt link dangling locked box cards x.json - . .. box/ file circle box/file/below
file/below /dev/null /dev/full /proc/nothing ./out.v out.csv codes.npz words.npz minus.npz few.npz
objects.npz text.npz net.onnx own.lib broken.lib grid.csv words.csv ~ * quo"te.v -dash
""".split()
WORDS = """
normal uniform student-t none max mse area speed quick best digits_mlp digits_cnn fmnist minilm
lenet formats w4a8 cast qat accuracy sqnr gates ge levels nangate45 NANGATE fp8mac top 1,2 250 0 -1
99999999999999999999 1e400 nan inf e4m3,e5m2 fp16,kulisch , ,, -- - --json -h ß☃ ٣ %s%n ${HOME} '
""".split()
FILES += ["a b.v", "x" * 300]
WORDS += ["", " ", "a\nb", "\x1b[31m", "\udcff", "x" * 5000]


def texts(param, tame: bool) -> st.SearchStrategy[str]:
    """Values of an option: what it may be, and where it is not to be tame anything as well."""
    info = param.type_descriptor.parameter_info
    likely: list[str] = []
    if isinstance(info.parser, Number):
        low, high = info.parser.low, info.parser.high
        numbers = [low, low + 1, high, low - 1, high + 1, -1, 10**30, (low + min(high, 99)) // 2]
        likely = [str(low)] if tame else [*map(str, numbers), f"{low}.5", f"{high}e9"]
    elif param.type_descriptor.choices:
        likely = [
            str(each.value if isinstance(each, Enum) else each)
            for each in param.type_descriptor.choices
        ]
    elif param.metavar in ("FILE", "DIR", "NPZ", "LIB"):
        likely = FILES[:6] if tame else FILES
    elif str(param.metavar).strip("[]").startswith(("ACC", "X,Y")):
        likely = ACCS[:3] if tame else ACCS
    elif str(param.metavar).strip("[].")[:1] in ("A", "B", "R") or param.metavar == "[NAME]...":
        likely = FORMATS[:5] if tame else FORMATS
    else:
        likely = WORDS
    anything = st.sampled_from([*FORMATS, *ACCS, *FILES, *WORDS]) | st.text(max_size=8)
    single = st.integers(0, 9).flatmap(
        lambda luck: st.sampled_from(likely) if luck < 8 or tame else anything
    )
    if "," in str(param.metavar):
        return single | st.lists(single, min_size=1, max_size=3).map(",".join)
    return single


@st.composite
def calls(draw, name: str) -> list[str]:
    """Words of a call; where something is required it is mostly there."""
    words: list[str] = []
    tame = draw(st.booleans())
    rarity = draw(st.sampled_from((2, 2, 20))) if tame else 3  # few options rarely contradict
    for param in COMMANDS[name].params:
        if param.name == "help":
            continue
        if param.param_type_name == "argument":
            many = draw(st.integers(0, 2)) if param.nargs == -1 else 1
            whole = param.required or param.name == "a"  # a unit, in its line or by its name
            if param.required or draw(st.integers(0, 2)) > tame:
                words += [
                    draw(st.sampled_from(UNITS if param.name == "a" else [UNIT[param.name]]))
                    if whole and (tame or draw(st.booleans()))
                    else draw(texts(param, tame))
                    for _ in range(many)
                ]
            continue
        absent = param.default in ("nangate45", "osu018")  # libraries that need not be here
        absent = absent or param.name in WANTED.get(name, ())
        needed = (param.required or absent) and (tame or draw(st.integers(0, 9)))
        if not needed and draw(st.integers(0, rarity)):
            continue
        option = draw(st.sampled_from([*param.opts, *param.secondary_opts]))
        if param.type_descriptor.annotation is bool or param.is_flag:
            words.append(option)
        elif needed and (tame or draw(st.booleans())):
            words += [option, UNIT[param.name]]
        else:
            value = draw(texts(param, tame))
            joined = option.startswith("--") and draw(st.integers(0, 5)) == 0
            words += [f"{option}={value}"] if joined else [option, value]
    if not tame and draw(st.integers(0, 9)) == 0:
        words.insert(draw(st.integers(0, len(words))), draw(st.sampled_from(WORDS)))
    return [word.replace("\x00", "") for word in words]


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """Stand-ins for the work, and files to read."""
    with pytest.MonkeyPatch.context() as patch:
        base = tmp_path_factory.mktemp("fuzz")
        patch.setenv("FP8MAC_CACHE", str(base / "cache"))
        patch.setenv("MPLCONFIGDIR", str(base / "cache"))
        for name in ("FP8MAC_YOSYS", "FP8MAC_LIBERTY_PATH", "FP8MAC_FMNIST"):
            patch.delenv(name, raising=False)
        patch.chdir(base)
        cli_stubs.install(patch)
        inputs = base / "inputs"
        inputs.mkdir()
        codes = np.arange(64, dtype=np.uint8)
        np.savez(inputs / "codes.npz", a=codes % 4, b=codes % 4)
        np.savez(inputs / "few.npz", a=codes[:3], b=codes[:3])
        np.savez(inputs / "minus.npz", a=codes.astype(int) - 9, b=codes)
        rows = np.zeros((1, 32), np.uint8)
        sums = np.zeros(1, "u4")
        np.savez(inputs / "rows.npz", a=rows, b=rows, c=sums, d=sums)
        np.savez(inputs / "words.npz", a=["x"], b=["y"])
        np.savez(inputs / "objects.npz", a=np.array([{}]), b=codes)
        (inputs / "text.npz").write_text("no arrays")
        (inputs / "net.onnx").write_text("no model")
        (inputs / "own.lib").write_text(own_library().text)
        (inputs / "broken.lib").write_text("library (x) {")
        (inputs / "words.csv").write_text("a,b\n1,2\n")
        (inputs / "grid.csv").write_bytes((RESULTS / "grid.csv").read_bytes())
        point = {"id": "a", "unit": "e4m3 -> fp16", "lanes": 1, "network": "fmnist"}
        found = {"area_ge": 1.0, "loss": 0.0, "loss_low": 0.0, "loss_high": 0.0, "questions": 9}
        PointStore(inputs / "points.sqlite").put([point | found])
        page = (RESULTS / "accuracy" / "digits_mlp.csv").read_bytes()
        (inputs / "digits_mlp.csv").write_bytes(page)
        yield base


_numbers = itertools.count()
_watching: list[str] = []
_opened: list[str] = []


def _hook(event: str, arguments) -> None:
    if not _watching:
        return
    if event == "open":
        path, mode, flags = arguments
        writes = mode is not None and set(mode) & set("wax+")
        writes = writes or (flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
        hidden = flags & os.O_TMPFILE == os.O_TMPFILE
        if writes and not hidden and not isinstance(path, int):
            _opened.append(os.fsdecode(path))
    elif event in ("os.mkdir", "os.remove", "os.rmdir", "os.truncate"):
        _opened.append(os.fsdecode(arguments[0]))
    elif event in ("os.rename", "os.symlink", "os.link"):
        _opened.append(os.fsdecode(arguments[1]))


sys.addaudithook(_hook)


@contextmanager
def sandbox(base: Path):
    """A new folder with things in the way; a path outside that is written is noted."""
    place = base / "calls" / str(next(_numbers)) / "here"
    (place / "box").mkdir(parents=True)
    (place / "accuracy").mkdir()
    for each in (base / "inputs").iterdir():
        (place / each.name).hardlink_to(each)
    (place / "cards").mkdir()
    (place / "cards" / "h100_e4m3.npz").hardlink_to(base / "inputs" / "rows.npz")
    (place / "points.sqlite").unlink()
    shutil.copy(base / "inputs" / "points.sqlite", place)
    (place / "digits_mlp.csv").rename(place / "accuracy" / "digits_mlp.csv")
    (place / "file").write_text("kept")
    (place / "locked").write_text("kept")
    (place / "locked").chmod(0o444)
    (place / "link").symlink_to("file")
    (place / "dangling").symlink_to("made")
    (place / "circle").symlink_to("circle")
    before = os.getcwd()
    os.chdir(place)
    _opened.clear()
    _watching.append("yes")
    try:
        yield place
    finally:
        _watching.clear()
        os.chdir(before)


def state(place: Path) -> dict[str, tuple[int, bytes | str]]:
    """All files in and beside a folder: mode, and content or target."""
    found = {}
    for folder, folders, files in os.walk(place.parent):
        for name in [*files, *folders]:
            path = Path(folder, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                found[str(path)] = (mode, os.readlink(path))
            elif stat.S_ISREG(mode):
                found[str(path)] = (mode, path.read_bytes())
    return found


def may_be_written(place: Path, words: list[str], name: str) -> list[str]:
    """Places that a call names, and those that the command says it writes."""
    named = [word.partition("=")[2] if word.startswith("--") else word for word in words]
    named += [word[2:] for word in words if word.startswith("-o")]
    named = [word for word in named if word and len(word) < 255]
    paths = [place / word for word in named]
    paths += [path.with_suffix(".json") for path in paths if path.name not in ("", ".", "..")]
    paths += [path.parent for path in paths if path.parent in (Path("/proc"), Path("/dev"))]
    allowed = [os.path.realpath(path) for path in paths]
    params = {each.name: each.default for each in COMMANDS[name].params}
    defaults = [params[each] for each in ("output_dir", "folder", "store") if each in params]
    allowed += [os.path.realpath(place / (each or "")) for each in defaults]
    return [*allowed, str(place / "synth_reports" / "runs")]


def check(base: Path, name: str, words: list[str]) -> int:
    """Call a command, and see what it must not do."""
    note(shlex.join([name, *map(ascii, words)]))
    with sandbox(base) as place:
        before = state(place)
        result = CliRunner().invoke(app, [name, *words])
        opened = {os.path.realpath(path) for path in _opened}
        after = state(place)
        _watching.clear()
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code in FAILURES.get(name, (0, 2)), result.output
        cache = str(base / "cache")
        outside = {path for path in opened if not path.startswith((str(place), cache, "/dev/"))}
        allowed = may_be_written(place, words, name)
        assert not {path for path in outside if not path.startswith(tuple(allowed))}
        changed = {path for path in before | after if before.get(path) != after.get(path)}
        if result.exit_code == 2:
            assert result.stderr.count("\n") == 1, result.stderr
            assert result.stderr.endswith(".\n"), result.stderr
            assert result.stderr[:-1].isprintable(), result.stderr
            assert "Traceback" not in result.stderr
            assert not changed
            assert "Wrote" not in result.stderr
        for path in changed:
            assert os.path.realpath(path).startswith(tuple(allowed)), path
            assert ".fp8mac-" not in path
        if result.exit_code == 0:
            assert "\x1b" not in result.stdout
            assert not [line for line in result.stdout.splitlines() if line != line.rstrip()]
            if not {"-h", "--help"} & set(words):
                check_result(name, words, result.stdout)
        return result.exit_code


def check_result(name: str, words: list[str], printed: str) -> None:
    """JSON is JSON, and the recorded command says the same."""
    command = COMMANDS[name]
    context = command.make_context(name, list(words))
    if context.params.get("as_json"):
        json.loads(printed, parse_constant=pytest.fail)
    text = recorded(context)
    head, said, *again = shlex.split(text)
    assert (head, said) == ("fp8mac", name)
    second = command.make_context(name, again)
    for param, value in context.params.items():
        if param not in _ELSEWHERE:
            assert second.params[param] == value, text


def fuzz(base: Path, name: str, count: int) -> None:
    codes = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],  # a call is short as it is
        suppress_health_check=list(HealthCheck),
    )
    @given(calls(name))
    def one(words):
        codes.append(check(base, name, words))

    one()
    if count > 100:
        assert {0, 2} <= set(codes), f"{name}: {codes.count(0)} of {len(codes)} calls worked"


@pytest.mark.parametrize("name", COMMANDS)
def test_any_call(ready, name):
    fuzz(ready, name, 5)


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_ten_thousand_calls(ready, name):
    fuzz(ready, name, 10_000 // len(COMMANDS) + 1)


DECLARED = [
    (name, param.name, rule)
    for name, command in COMMANDS.items()
    for param in command.params
    for rule in rules(command, param)
]


def words_of(command, condition: str, deep: bool = True) -> list[str]:
    """Words that make a condition hold, and those that the option in it needs."""
    option, _, value = condition.partition(" or ")[0].partition(" ")
    if not option.startswith("-"):
        return [] if option == "A" else ["x"]
    param = next(each for each in command.params if option in [*each.opts, *each.secondary_opts])
    more = [
        word
        for each in rules(command, param)
        if deep and isinstance(each, Only)
        for word in words_of(command, each.condition, deep=False)
    ]
    if param.type_descriptor.annotation is bool or param.is_flag:
        return [option, *more]
    value = value.replace("fpga*", "fpga").replace("*", "x")
    return [option, value or UNIT.get(str(param.name), "x"), *more]


def value_of(param) -> list[str]:
    """An option with a value that it takes."""
    if param.is_flag or param.type_descriptor.annotation is bool:
        return [param.opts[0]]
    parser = param.type_descriptor.parameter_info.parser
    if isinstance(parser, Number):
        return [param.opts[0], str(parser.low)]
    choices = param.type_descriptor.choices
    return [param.opts[0], choices[0].value if choices else UNIT.get(param.name, "x")]


@pytest.mark.parametrize(("name", "option", "rule"), DECLARED)
def test_option_without_effect(ready, name, option, rule):
    """What is declared beside an option is refused, with its name and the reason."""
    command = COMMANDS[name]
    param = next(each for each in command.params if each.name == option)
    with sandbox(ready):
        unit = [UNIT["a"]] if command.params[0].name == "a" and rule != Only("A") else []
        unit += ["--acc", UNIT["acc"]] if unit else []
        words = value_of(param)
        shown = max(param.opts, key=len)
        if isinstance(rule, Part):
            words += ["--output-dir", str(RESULTS)]
            want = f"'{RESULTS}' holds whole tables; {shown} makes others, for another DIR.\n"
        else:
            if isinstance(rule, Never):
                if rule.condition != "A":
                    unit = unit if command.params[0].required else []
                words += words_of(command, rule.condition)
                said = [each for each in command.params if set(each.opts) & set(words)]
                if any(Only("A") in rules(command, each) for each in said):
                    unit = [UNIT["a"], "--acc", UNIT["acc"]]
            others = [each for each in rules(command, param) if each != rule]
            for each in (each for each in others if isinstance(each, Only)):
                words += words_of(command, each.condition)
                unit = unit or ([UNIT["a"], "--acc", UNIT["acc"]] if each == Only("A") else [])
            kind = "without" if isinstance(rule, Only) else "with"
            text = rule.condition.rstrip("*")
            text = text if text[0] == "-" else f"the argument {text}"
            want = f"{shown} has no effect {kind} {text}.\n"
        result = CliRunner().invoke(app, [name, *unit, *words])
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == want
