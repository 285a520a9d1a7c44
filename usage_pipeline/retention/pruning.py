"""Prunes what is past its term, day by day, after a look at how much that is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from usage_pipeline.clock import in_words
from usage_pipeline.errors import PruningError
from usage_pipeline.retention.terms import Terms
from usage_pipeline.retention.texts import PastTerm, find_past_term, prune_day
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import Term
from usage_pipeline.tenants.reference import load_tenants


@dataclass(frozen=True)
class Plan:
    """What pruning would remove, by landing file, and how many lines there are in all files."""

    terms: Terms
    entries: Sequence[PastTerm]
    lines: int
    """The lines of all landing files that are still there."""

    @property
    def days(self) -> list[date]:
        """The landing days concerned."""
        return sorted({entry.file.landing_day for entry in self.entries})

    @property
    def share(self) -> float:
        """The share of the lines whose landing files go."""
        going = sum(entry.file.lines for entry in self.entries if entry.file_goes)
        return going / self.lines if self.lines else 0.0


@dataclass(frozen=True)
class Pruned:
    """What went, of one landing day."""

    day: date
    files: int
    texts: int
    rejects: int
    bytes: int


def plan(storage: Storage, as_of: date | None = None) -> Plan:
    """Find everything past its term, by the terms of a day, by default of today. Removes nothing.

    Raises PruningError for a day that is to come.
    """
    today = storage.settings.clock.today
    if as_of is not None and as_of > today:
        raise PruningError(f"{as_of} is to come; what is kept until then is not past its term today, {today}.")
    terms = Terms(load_tenants(storage.settings), as_of or today)
    with storage.warehouse.connect() as connection:
        files = landed_files.files(connection)
    lines = sum(file.lines for file in files if file.pruned_at is None)
    return Plan(terms, find_past_term(storage, files, terms), lines)


def expect_usual(storage: Storage, found: Plan) -> None:
    """Raise PruningError if the plan removes an unusual share of all lines, or something recent."""
    settings = storage.settings
    if found.share > settings.prune_share_limit:
        raise PruningError(
            f"This would remove the landing files of {found.share:.0%} of all lines, {in_words(found.days)}. More "
            f"than {settings.prune_share_limit:.0%} needs a confirmation: look at it with `--dry-run`, then give "
            "--confirm, or raise USAGE_PRUNE_SHARE_LIMIT."
        )
    latest = found.terms.latest(Term.CONTENT)
    floor = settings.clock.today - timedelta(days=settings.prune_floor_days)
    if found.entries and latest is not None and latest > floor:
        raise PruningError(
            f"A plan keeps texts only from {latest} on; removing anything of the last {settings.prune_floor_days} "
            "days needs a confirmation. Look at it with `--dry-run`, then give --confirm, or lower "
            "USAGE_PRUNE_FLOOR_DAYS."
        )


def prune(storage: Storage, found: Plan, by: str) -> Iterator[Pruned]:
    """Remove what is past its term, one landing day after the other, and yield what went."""
    for day in found.days:
        yield _sums(day, prune_day(storage, day, found.terms, by))


def by_day(entries: Iterable[PastTerm]) -> list[Pruned]:
    """Sum a plan by landing day."""
    grouped = groupby(sorted(entries, key=_landing_day), key=_landing_day)
    return [_sums(day, list(group)) for day, group in grouped]


def _landing_day(entry: PastTerm) -> date:
    return entry.file.landing_day


def _sums(day: date, entries: Sequence[PastTerm]) -> Pruned:
    return Pruned(
        day,
        files=sum(entry.file_goes for entry in entries),
        texts=sum(entry.texts for entry in entries),
        rejects=sum(entry.rejects for entry in entries),
        bytes=sum(entry.bytes for entry in entries),
    )
