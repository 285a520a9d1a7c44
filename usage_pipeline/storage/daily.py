"""`DailyTable`: an event-day table as a declaration: one SELECT over named inputs.

The SELECT makes one day or several at once: what it reads carries the event day, as `event_day`, and so does what
it yields, as the table's day column. Nothing is computed here, and nothing slow is imported: Dagster loads these
declarations with its definitions. `inputs.py` reads what a table names, `compute.py` writes its partitions.
"""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from usage_pipeline import registry
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.tables import Column, TableSpec, Term, Zone, columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from sqlalchemy import Connection

    from usage_pipeline.storage.opened import Storage

ACCOUNTED = ("duplicates", "conflicts", "voided", "voids", "unmatched_voids", "late_records")
"""The counts of landed lines of a partition that accounts for them."""


@dataclass(frozen=True)
class SqlFile:
    """One SELECT in its own file, and the module that declares what it makes."""

    path: Path
    module: Path
    values: tuple[tuple[str, Hashable], ...] = ()
    """What its template takes besides the names of the registry: such a file is the SELECT of several tables."""

    @classmethod
    def beside(cls, module: str, name: str, **values: Hashable) -> "SqlFile":
        """The file of that name in the folder of a module (give `__file__`)."""
        return cls(Path(module).parent / f"{name}.sql", Path(module), tuple(values.items()))

    @property
    def text(self) -> str:
        """The SELECT, with the names that its template takes."""
        return _rendered(self.path.read_text(encoding="utf-8"), self.values)


@cache
def _rendered(template: str, values: tuple[tuple[str, Hashable], ...]) -> str:
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - slow to import

    environment = Environment(undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True)  # noqa: S701 - SQL
    return environment.from_string(template).render(
        dimensions=registry.DIMENSION_NAMES,
        within_day_dimensions=registry.WITHIN_DAY_NAMES,
        metrics=registry.METRIC_NAMES,
        record_metrics=registry.RECORD_METRIC_NAMES,
        type_metrics=registry.BY_TYPE_NAMES,
        pricing_dimensions=registry.PRICING_DIMENSION_NAMES,
        priced_classes=[str(name) for name in registry.TokenClass],
        unsplit_classes=list(registry.UNSPLIT_CLASSES),
        **dict(values),
    )


@dataclass(frozen=True)
class _TableInput:
    spec: TableSpec

    @property
    def name(self) -> str:
        """The name that the SQL reads."""
        return self.spec.name


class LandedRows(_TableInput):
    """Input: the rows of the event days in the objects of all landed files."""


@dataclass(frozen=True)
class UniqueFiles:
    """Input: the landed files with rows of the days that say `unique_within_days`, one row each.

    It matters only together with the rows of days nearby, whose digest covers it.
    """

    name: str = "unique_files"
    columns: tuple[Column, ...] = columns(
        ("landing_file", "VARCHAR", "Path below the landing directory."),
        ("unique_within_days", "BIGINT", "Its ids are compared over so many days before and after.", "days"),
    )


@dataclass(frozen=True)
class NearbyRows:
    """Input: the landed rows of other days that have the key of a row of the days, in a file that reaches theirs.

    A row has the day that reaches it as `event_day`, and is there once for each such day. The landed rows of the
    days and the unique files are inputs named before it. A day that reaches no rows of its sources has none here.
    """

    spec: TableSpec
    files: UniqueFiles
    key: tuple[str, ...]
    others: tuple[str, ...]
    """The columns that are read besides the key."""
    name: str = "nearby_events"

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its columns."""
        known = {column.name: column for column in self.spec.columns}
        of_day = columns(
            ("event_day", "DATE", "The day that it is compared on."),
            ("days_apart", "BIGINT", "How far its own day is from that.", "days"),
        )
        return (*of_day, *(known[name] for name in (*self.key, *self.others)))


class SameDay(_TableInput):
    """Input: the partitions of another event-day table of the same days."""


class Lookback(_TableInput):
    """Input: the partitions of another table from `lookback_days` before the first day up to the last."""


@dataclass(frozen=True)
class ReferenceRows:
    """Input: a small table that the project ships, the same for all days."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]


@dataclass(frozen=True)
class EventDays:
    """Input: the days that are asked for, one row each (`event_day`): a look-back has more."""

    name: str = "event_days"


@dataclass(frozen=True)
class Parameters:
    """Input: one row with what the settings say: the key of digests (`digest_key`) and `lookback_days`."""

    name: str = "parameters"


@dataclass(frozen=True)
class Derived:
    """Input: a SELECT over the inputs named before it, for several tables to read."""

    name: str
    sql: SqlFile


class SuppliedRows(Protocol):
    """Input: small rows that a folder above this one makes for the days, such as the prices of their models."""

    @property
    def name(self) -> str:
        """The name that the SQL reads."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """Its columns."""

    def settle(self, storage: "Storage", connection: "Connection", days: Collection[date]) -> None:
        """Decide, once and for good, what the days read; called before their digests are taken."""

    def digests(self, connection: "Connection", days: Collection[date]) -> Mapping[date, str]:
        """Its digest on each of the days, as far as it is decided."""

    def register(self, connection: "Connection", duck: "DuckDBPyConnection", days: Collection[date]) -> None:
        """Make its rows readable under its name; the inputs named before it are readable already."""


OwnInput = (
    LandedRows | NearbyRows | UniqueFiles | SameDay | Lookback | ReferenceRows | EventDays | Parameters | Derived
)
Input = OwnInput | SuppliedRows


@dataclass(frozen=True)
class Versioned:
    """The columns of a table that `usage_versions` keeps when they change, by their names there.

    The rows of a rollup are summed by the keys. `where` selects the rows with these values, where several rows
    count the same usage.
    """

    quantity: str
    amount: str | None = None
    price_book_version: str | None = None
    keys: tuple[tuple[str, str], ...] = ()
    """The keys of a row there besides the tenant, and the table's own columns."""
    where: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Plot:
    """A number of each day for the UI to plot: an aggregate over the rows of the day, in SQL of both engines.

    A sum is 0 on a day without rows; a ratio is unknown there.
    """

    name: str
    sql: str
    is_sum: bool = True


@dataclass(frozen=True)
class DailyTable:
    """An event-day table: what it is, the SELECT that makes days of it, and what that reads.

    `tallies` is a second SELECT over the same inputs and the finished table, for the table that accounts for
    landed lines: one row per event day and file, with the fields of `LineTally` as columns. Of a table that is
    `versioned`, each committed change is kept row by row; where it `looks_back`, its days change with the days
    of the look-back before them, through what it reads. `plots` are numbers of a day over all tenants; the
    first of a table in the warehouse is charted too. `plotted` is a SELECT over `{table}` that they read instead.
    """

    spec: TableSpec
    sql: SqlFile
    inputs: tuple[Input, ...]
    tallies: SqlFile | None = None
    versioned: Versioned | None = None
    looks_back: bool = False
    plots: tuple[Plot, ...] = ()
    plotted: str | None = None

    @property
    def name(self) -> str:
        """The table's name."""
        return self.spec.name

    @property
    def select(self) -> str:
        """The SELECT, with its derived inputs written into it.

        A view would be the same to DuckDB, but it is planned when it is created and again when it is read.
        """
        derived = [
            f'"{entry.name}" AS NOT MATERIALIZED (\n{entry.sql.text})'
            for entry in self.inputs
            if isinstance(entry, Derived)
        ]
        return f"WITH {', '.join(derived)} FROM (\n{self.sql.text})" if derived else self.sql.text

    @property
    def charted(self) -> Plot | None:
        """The number that stands for a day in charts; rows are charted where there is none."""
        return self.plots[0] if self.plots and self.spec.zone is Zone.WAREHOUSE else None

    @property
    def outlives_records(self) -> bool:
        """True if it reads rows that are pruned some day, and keeps what it made of them."""
        read = [entry.spec.term for entry in self.inputs if isinstance(entry, _TableInput)]
        return self.spec.term is Term.KEPT and Term.RECORDS in read

    @property
    def upstream(self) -> tuple[str, ...]:
        """The tables that it reads."""
        return tuple(entry.name for entry in self.inputs if isinstance(entry, _TableInput))

    @property
    def code_version(self) -> str:
        """Changes when the SELECT or the columns do."""
        derived = [entry.sql.text for entry in self.inputs if isinstance(entry, Derived)]
        return fingerprint([self.sql.text, *derived, *self.spec.column_names])
