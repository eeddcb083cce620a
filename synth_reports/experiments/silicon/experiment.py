"""Every file of recorded rows in a folder, against the unit that its name tells."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from rich.console import RenderableType

from fp8mac.hw.config.errors import ConfigError, Error
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.cost.measure import Bench, Design
from fp8mac.synth_reports.experiments.experiment import Experiment, Made, Option, Outcome, page
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.render.tables import aligned_table, csv_table, markdown_table

__all__ = ["Silicon", "SiliconJob", "SiliconOptions", "SiliconRecord", "circuits_of"]


@dataclass(frozen=True)
class SiliconOptions:
    """Where the files are."""

    folder: Annotated[
        Path, Option("Folder of .npz and d_*.txt files, with the folders in it.", "DIR")
    ] = Path()
    netlist: Annotated[
        bool, Option("Whether netlists are checked.", names="--netlist/--no-netlist")
    ] = True


@dataclass(frozen=True)
class SiliconJob:
    """A file to check.

    Parameters
    ----------
    unit : str
        Name of the unit.
    path : Path
        The file.
    netlist : bool
        Whether its netlist is checked.
    """

    unit: str
    path: Path
    netlist: bool


@dataclass(frozen=True)
class SiliconRecord:
    """What a file says of a unit.

    Parameters
    ----------
    unit, file : str
        Names.
    rows, products : int
        Rows, and products of each.
    wrong_golden, wrong_gemm : int
        Wrong rows, without those that are flagged.
    wrong_netlist : int or None
        The same of the netlist; None where there is none.
    flagged, flagged_wrong : int
        Rows that depend on the exponent of a zero, and wrong ones among them.
    from_zero : bool
        Whether the file's accumulators were not those that were added to, but 0 was.
    """

    unit: str
    file: str
    rows: int
    products: int
    wrong_golden: int
    wrong_gemm: int
    wrong_netlist: int | None
    flagged: int
    flagged_wrong: int
    from_zero: bool

    @property
    def is_right(self) -> bool:
        """Whether no row is wrong but flagged ones."""
        return not (self.wrong_golden or self.wrong_gemm or self.wrong_netlist)


class Silicon(Experiment[SiliconOptions, SiliconJob, SiliconRecord]):
    """Golden model, matrix product and the netlist that is counted."""

    name = "silicon"
    help = """\
    Check every file of recorded rows in a folder: md, csv.

    A file's name tells the unit. Golden model, matrix product, and the netlist whose gates are
    counted; exit code 1 if a row is wrong.
    """
    options = SiliconOptions
    pattern = "silicon.*"

    def plan(self, options: SiliconOptions) -> list[SiliconJob]:
        from fp8mac.synth_reports.experiments.silicon.cards import files_in, unit_of_file

        return [
            SiliconJob(unit_of_file(path), path, options.netlist)
            for path in files_in(options.folder)
        ]

    def run(self, job: SiliconJob, worker: Worker) -> SiliconRecord:
        from fp8mac.sim.check import recorded, silicon

        held = recorded.read(job.path)
        config = silicon.unit_of(job.unit, held)
        circuits: Any = None
        netlists: list[str] = []
        if job.netlist and _is_built(config):
            circuits, netlists = circuits_of(config, worker.bench(), force=worker.force)
        inputs = [*_sums(job.path), repr(config), *netlists]
        key = worker.store.key(inputs, "fp8mac.sim.check.silicon")
        facts = None if worker.force else worker.store.load("silicon", key)
        if facts is None:
            found = silicon.check(config, held, circuits=circuits)
            facts = {
                "rows": found.rows,
                "products": found.products,
                **{f"wrong_{who}": found.wrong.get(who) for who in ("golden", "gemm", "netlist")},
                "flagged": found.flagged,
                "flagged_wrong": found.flagged_wrong,
                "from_zero": found.from_zero,
            }
            worker.store.save("silicon", key, facts)
        return SiliconRecord(job.unit, job.path.name, **facts)

    def render(self, records: Sequence[SiliconRecord], made: Made) -> dict[str, str | bytes]:
        table = csv_table([asdict(record) for record in records])
        return page("silicon", _page(records, made.command), table)

    def show(self, records: Sequence[SiliconRecord], options: SiliconOptions) -> RenderableType:
        return aligned_table(_TITLES, map(_cells, records), _TITLES[:2])

    def outcome(self, records: Sequence[SiliconRecord], options: SiliconOptions) -> Outcome:
        wrong = [each for each in records if not each.is_right]
        rows = sum(each.rows for each in records)
        return Outcome(
            f"{len(wrong)} of {len(records)} files, {rows:,} rows, have a wrong row.",
            int(bool(wrong)),
        )


def circuits_of(config: MacConfig, bench: Bench, *, force: bool = False) -> tuple[Any, list[str]]:
    """Netlists of a unit, those whose gates are counted, and their hashes.

    Returns
    -------
    SumCircuits, list of str

    Raises
    ------
    ConfigError
        If there is no circuit of the unit.
    """
    from fp8mac.sim.check.netlist import Netlist
    from fp8mac.sim.check.sums import SumCircuits

    hashes: list[str] = []

    def core(unit: MacConfig) -> Netlist:
        design = Design(unit, Shape.CORE)
        synthesis = bench.measure([design], force=force)[design].synthesis
        hashes.append(synthesis.sha256)
        return Netlist.from_blif(synthesis.netlist)

    return SumCircuits.of(config, core), hashes


def _is_built(config: MacConfig) -> bool:
    """Whether there is a circuit of a unit's step."""
    from fp8mac.hw.units.buildable import check_buildable
    from fp8mac.sim.check.sums import step_of

    try:
        check_buildable(step_of(config))
    except ConfigError:
        return False
    return True


def _sums(path: Path) -> list[str]:
    """Hashes of a file and, of text, of all beside it."""
    paths = [path] if path.suffix == ".npz" else sorted(path.parent.glob("*.txt"))
    try:
        return [path.name, *(sha256(each.read_bytes()).hexdigest() for each in paths)]
    except OSError as error:
        raise Error(f"'{path}' cannot be read: {error.strerror}.") from error


_TITLES = ["unit", "file", "rows", "products", "golden", "gemm", "netlist", "flagged", "differ"]


def _cells(record: SiliconRecord) -> list[str]:
    numbers = (record.rows, record.products, record.wrong_golden, record.wrong_gemm)
    netlist = "not checked" if record.wrong_netlist is None else str(record.wrong_netlist)
    flagged = (str(record.flagged), str(record.flagged_wrong))
    return [record.unit, record.file, *map(str, numbers), netlist, *flagged]


def _page(records: Sequence[SiliconRecord], command: str) -> str:
    zero = [record.file for record in records if record.from_zero]
    said = f"\nRecorded with c = 0, whatever the file says: {', '.join(zero)}.\n" if zero else ""
    return f"""\
# Units against recorded rows

Made by `{command}`. Wrong rows by the golden model, by `gemm`, and by the netlist whose gates are
counted, which ABC proves equal to the circuit. *Flagged* rows depend on the exponent that a model
gives to a zero; they are counted apart, and *differ* says how many of them do. Where the files are
from: [docs/silicon.md](../../docs/silicon.md).
{said}
{markdown_table(_TITLES, [*map(_cells, records)])}
"""
