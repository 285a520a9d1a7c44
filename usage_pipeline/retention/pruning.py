"""Prunes what is past its term, after a look at how much that is: records first, then files and texts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Protocol

from usage_pipeline.clock import in_words
from usage_pipeline.errors import PruningError
from usage_pipeline.retention.past_term import PastTerm, find_past_term
from usage_pipeline.retention.records import days_with_records_past_term, prune_records
from usage_pipeline.retention.removal import remove_past_term
from usage_pipeline.retention.terms import Terms
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.batches import cut
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import Term
from usage_pipeline.tenants.reference import load_tenants


@dataclass(frozen=True)
class Plan:
    """What pruning would remove, by landing file, and what there is of it in all."""

    terms: Terms
    entries: Sequence[PastTerm]
    event_days: Sequence[date]
    """The event days that may have records past their term."""
    lines: int
    """The lines of all landing files that are still there."""
    records: int
    """The accepted lines whose records are still there."""

    @property
    def days(self) -> list[date]:
        """The landing days concerned."""
        return _landing_days(self.entries)

    @property
    def shares(self) -> dict[str, float]:
        """The share of these lines whose landing files go, and of those whose records go."""
        files = sum(entry.file.lines for entry in self.entries if entry.file_goes)
        records = sum(entry.events.due for entry in self.entries)
        return {
            "landing files": files / self.lines if self.lines else 0.0,
            "records": records / self.records if self.records else 0.0,
        }


@dataclass(frozen=True)
class Pruned:
    """What went, of one landing day."""

    day: date
    files: int
    texts: int
    records: int
    rejects: int
    bytes: int


@dataclass(frozen=True)
class Outcome:
    """What went, by landing day, and what could not be pruned, and why."""

    removed: Sequence[Pruned]
    problems: Sequence[str]


class Progress(Protocol):
    """Follows the work, part by part."""

    def expect(self, what: str, partitions: int) -> None:
        """Begin a part with this many days."""

    def done(self, day: date) -> None:
        """Count a day of it."""


@dataclass(frozen=True)
class NoProgress:
    """Shows nothing."""

    def expect(self, what: str, partitions: int) -> None:
        """Show nothing."""

    def done(self, day: date) -> None:
        """Show nothing."""


NO_PROGRESS = NoProgress()


def plan(storage: Storage, as_of: date | None = None, tenant: str | None = None) -> Plan:
    """Find everything past its term, by the terms of a day, by default of today; of all tenants, or of one.

    Removes nothing.

    Raises PruningError for a day that is to come.
    """
    today = storage.settings.clock.today
    if as_of is not None and as_of > today:
        raise PruningError(f"{as_of} is to come; what is kept until then is not past its term today, {today}.")
    terms = Terms(load_tenants(storage.settings), as_of or today, today, tenant)
    with storage.warehouse.connect() as connection:
        files = landed_files.files(connection)
    entries = _find(storage, terms)
    lines = sum(file.lines for file in files if file.pruned_at is None)
    records = sum(file.accepted_left for file in files)
    return Plan(terms, entries, days_with_records_past_term(storage, terms), lines, records)


def expect_usual(storage: Storage, found: Plan) -> None:
    """Raise PruningError if the plan removes an unusual share of all lines, or something recent."""
    settings = storage.settings
    what, share = max(found.shares.items(), key=lambda entry: entry[1])
    if share > settings.prune_share_limit:
        raise PruningError(
            f"This would remove the {what} of {share:.0%} of all lines, {in_words(found.days)}. More "
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


def prune(
    storage: Storage, tables: Sequence[DailyTable], found: Plan, by: str, progress: Progress = NO_PROGRESS
) -> Outcome:
    """Remove what is past its term: records from the tables, event day by event day, then rows and files.

    Days that are not up to date hold back their own and later records; the rest goes.
    """
    problems = []
    progress.expect("Pruning records", len(found.event_days))
    for decision in prune_records(storage, tables, found.event_days, found.terms):
        problems += [decision.problem] if decision.problem else []
        for day in decision.asked:
            progress.done(day)
    removed = []
    entries = _find(storage, found.terms) if found.event_days else found.entries
    progress.expect("Removing", len(_landing_days(entries)))
    for days in cut(_landing_days(entries), _lines(entries)):
        gone = remove_past_term(storage, days, found.terms, by)
        for day in days:
            removed.append(_sums(day, [entry for entry in gone if _landing_day(entry) == day]))
            progress.done(day)
    return Outcome(removed, problems)


def by_day(entries: Iterable[PastTerm]) -> list[Pruned]:
    """Sum a plan by landing day."""
    grouped = groupby(sorted(entries, key=_landing_day), key=_landing_day)
    return [_sums(day, list(group)) for day, group in grouped]


def _find(storage: Storage, terms: Terms) -> list[PastTerm]:
    with storage.warehouse.connect() as connection:
        return find_past_term(storage, connection, landed_files.files(connection), terms)


def _landing_days(entries: Iterable[PastTerm]) -> list[date]:
    return sorted({entry.file.landing_day for entry in entries})


def _landing_day(entry: PastTerm) -> date:
    return entry.file.landing_day


def _lines(entries: Iterable[PastTerm]) -> Counter[date]:
    """Count the lines of the files by landing day."""
    lines = Counter[date]()
    for entry in entries:
        lines[_landing_day(entry)] += entry.file.lines
    return lines


def _sums(day: date, entries: Sequence[PastTerm]) -> Pruned:
    return Pruned(
        day,
        files=sum(entry.file_goes for entry in entries),
        texts=sum(entry.texts for entry in entries),
        records=sum(entry.events.due + entry.events.pruned for entry in entries),
        rejects=sum(entry.rejects for entry in entries),
        bytes=sum(entry.bytes for entry in entries),
    )
