"""What an experiment is: jobs are planned, each makes a record, and records are shown as files.

::

    options --plan--> jobs --run, on all processors--> records --render--> files
                       |                                 ^
                       +-- those in the store are read --+

An experiment is one class and a line in `fp8mac.synth_reports.experiments.registry`; the command,
the bar, ``--output-dir``, ``--force``, ``--json`` and going on after an interruption come with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from rich.console import RenderableType

from fp8mac.synth_reports.experiments.worker import Worker

__all__ = ["Experiment", "Made", "NoOptions", "Option", "Outcome", "page"]

Options = TypeVar("Options")
Job = TypeVar("Job")
Record = TypeVar("Record")


@dataclass(frozen=True)
class Option:
    """An option of an experiment's command, as it stands beside a field of its options.

    ::

        formats: Annotated[tuple[str, ...], Option("Formats.", "A,B,...", part=True)] = ()

    A field is a ``str``, ``bool``, ``int`` (with limits), `Path`, or a tuple of ``str`` or ``int``,
    which are typed with commas between them. Its default is that of the option.

    Parameters
    ----------
    help : str
        A sentence.
    metavar : str
        What stands for the value in the help.
    names : str
        Such as ``--core/--unit``; by default that of the field.
    low, high : int
        Limits of a number; both are allowed.
    part : bool
        Whether it makes another table than the published one, which it does not replace.
    only, never : str
        It has no effect without, or with, this; see `fp8mac.cli.command.Only`.
    """

    help: str
    metavar: str | None = None
    names: str = ""
    low: int = 0
    high: int = 0
    part: bool = False
    only: str = ""
    never: str = ""


@dataclass(frozen=True)
class NoOptions:
    """Those of an experiment that is always the same."""


@dataclass(frozen=True)
class Made:
    """What pages say of their origin.

    Parameters
    ----------
    command : str
        The command, as one types it to have the same again.
    options : object
        The experiment's options.
    folder : Path
        Where the files go; what stands there already may be added to.
    """

    command: str
    options: Any = None
    folder: Path = field(default_factory=Path)


@dataclass(frozen=True)
class Outcome:
    """What is said at the end, and the exit code."""

    sentence: str = ""
    exit_code: int = 0


class Experiment(Generic[Options, Job, Record]):
    """A question that many jobs answer.

    A job is frozen data that pickles, and two equal ones are done once. A record is a dataclass of
    JSON types: first what it is about (unit, goal, library, network, ...), then what was found,
    with units in the names (``area_um2``, ``delay_ns``) and None for what was not measured.

    Attributes
    ----------
    name, help : str
        Of the command.
    options : type
        Dataclass of the options, see `Option`.
    folder : Path or None
        Where files go, from the current folder, unless ``--output-dir`` says otherwise. None for an
        experiment that names its own places in the files of `render`.
    pattern : str
        Names of its files, as in a shell.
    kept_by : tuple of str
        Names of the modules that make a record. With them it is kept in the store, under its job
        and their code, and `load` reads it; without, `run` keeps what it finds itself.
    keeps : bool
        Whether anything is kept that ``--force`` does anew.
    in_processes : bool
        Whether jobs run in processes, not in threads: where Python does the work, not a child.
    """

    name: str
    help: str
    options: type[Any]
    folder: Path | None = Path()
    pattern: str = "*.*"
    kept_by: tuple[str, ...] = ()
    keeps: bool = True
    in_processes: bool = False

    @property
    def shows(self) -> bool:
        """Whether there is a table for a terminal."""
        return type(self).show is not Experiment.show

    def plan(self, options: Options) -> Sequence[Job]:
        """What is to be done.

        Raises
        ------
        Error
            If the options name something that is not there; one sentence for the user.
        """
        raise NotImplementedError

    def run(self, job: Job, worker: Worker) -> Record:
        """Do one job. Called in a thread or in another process, with a copy of the job."""
        raise NotImplementedError

    def load(self, facts: dict[str, Any]) -> Record:
        """Record from what was kept: its fields."""
        raise NotImplementedError

    def render(self, records: Sequence[Record], made: Made) -> Mapping[str, str | bytes]:
        """Files by their names in the folder; the records are in the order of the jobs."""
        raise NotImplementedError

    def show(self, records: Sequence[Record], options: Options) -> RenderableType | None:
        """Table for a terminal. Where there is one, a part is shown, and written only if asked."""
        return None

    def facts(self, records: Sequence[Any]) -> Any:
        """What ``--json`` prints."""
        return [asdict(record) for record in records]

    def outcome(self, records: Sequence[Record], options: Options) -> Outcome:
        """How it ends."""
        return Outcome()


def page(
    name: str, text: str, table: str, pictures: Mapping[str, bytes] = MappingProxyType({})
) -> dict[str, str | bytes]:
    """Files of one name: a page in Markdown, a table in CSV, and pictures by their suffixes."""
    files: dict[str, str | bytes] = {f"{name}.md": text, f"{name}.csv": table}
    return files | {f"{name}.{suffix}": data for suffix, data in pictures.items()}
