"""Whatever plans, holds, upgrades and files, and wherever pruning is killed: exactly what is past its term goes.

No number that was made of it changes, now or when its day is computed again.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, find_stale, recompute_days, refresh
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.retention import pruning
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import OpenOn
from usage_pipeline_tests.retention.killing import kept_digests, kill_at
from usage_pipeline_tests.steps import KilledError
from usage_pipeline_tests.support import Landing, prompt, rows

TODAY = date(2026, 6, 1)
OWNERS = ("acme", "globex", None)
"""The tenants of lines; None for a line that is rejected and names nobody."""


@dataclass(frozen=True)
class Line:
    """A line: whose it is, how many days before its landing day it happened, and its id, if others have it."""

    tenant: str | None
    age: int
    shared_id: str | None


@dataclass(frozen=True)
class File:
    """A landing file: how many days ago it landed, in whose folder, and its lines."""

    age: int
    folder: str | None
    lines: tuple[Line, ...]

    @property
    def landed(self) -> date:
        return TODAY - timedelta(days=self.age)


@dataclass(frozen=True)
class Terms:
    """Days that records and texts of a plan are kept."""

    records: int | None
    texts: int | None

    def plan(self) -> dict[str, int | None]:
        return {"retention_days": self.records, "content_retention_days": self.texts}

    def rejects(self, line: Line) -> bool:
        return self.records is not None and line.age > self.records


@dataclass(frozen=True)
class Customer:
    """A tenant: its plan, the one that it has from today on, and whether it is on hold."""

    terms: Terms
    later: Terms
    held: bool = False

    def rejects(self, line: Line, landed: date) -> bool:
        """Whether the line is too old to land."""
        return (self.later if landed == TODAY else self.terms).rejects(line)

    def first_text(self) -> date | None:
        return self._first_kept(self.later.records, self.later.texts)

    def first_record(self) -> date | None:
        return self._first_kept(self.later.records)

    def _first_kept(self, *limits: int | None) -> date | None:
        stated = [days for days in limits if days is not None]
        return None if self.held or not stated else TODAY - timedelta(days=min(stated))


@dataclass(frozen=True)
class Platform:
    """Customers by tenant, the terms of all others, and what they delivered."""

    customers: dict[str, Customer]
    others: Terms
    files: list[File]

    def customer(self, tenant: str | None) -> Customer:
        return self.customers.get(tenant or "", Customer(self.others, self.others))

    def write(self, deployment: Settings) -> None:
        """Write plans, tenants and landing files."""
        deployment.reference.mkdir(parents=True)
        plans: dict[str, Any] = {"default": "others", "others": self.others.plan()}
        tenants: dict[str, Any] = {}
        for name, customer in self.customers.items():
            plans |= {name: customer.terms.plan(), f"{name}_later": customer.later.plan()}
            periods = [{"from": "2020-01-01", "plan": name}, {"from": str(TODAY), "plan": f"{name}_later"}]
            hold = {"legal_hold": {"reason": "a lawsuit", "by": "legal", "since": "2026-01-01"}}
            tenants[name] = {"plans": periods, **(hold if customer.held else {})}
        (deployment.reference / "plans.yaml").write_text(json.dumps(plans))
        (deployment.reference / "tenants.yaml").write_text(json.dumps(tenants))
        landing = Landing(deployment.landing)
        for number, file in enumerate(self.files):
            lines = [
                written(identity(number, position, line), line, file) for position, line in enumerate(file.lines)
            ]
            place = {"tenant": file.folder} if file.folder else {}
            landing.write("persona", str(file.landed), lines, name=f"{number}.jsonl", **place)

    def left(self) -> tuple[list[str], int, list[int]]:
        """The texts, the number of rejected lines and the files that stay, by the rules of docs/retention.md."""
        texts, rejects, kept_files = [], 0, []
        for number, file in enumerate(self.files):
            gone = []
            for position, line in enumerate(file.lines):
                if line.tenant is None or self.customer(line.tenant).rejects(line, file.landed):
                    gone.append(self.is_past(line.tenant or file.folder, file.landed))
                    rejects += not gone[-1]
                else:
                    gone.append(self.is_past(line.tenant, file.landed - timedelta(days=line.age)))
                    texts += [] if gone[-1] else [identity(number, position, line)]
            if not (self.is_past(file.folder, file.landed) and all(gone)):
                kept_files.append(number)
        return sorted(texts), rejects, kept_files

    def is_past(self, tenant: str | None, day: date) -> bool:
        """Whether texts of that day are past their term; while anybody is on hold, none of unknown origin is."""
        if tenant is None and any(customer.held for customer in self.customers.values()):
            return False
        limit = self.customer(tenant).first_text()
        return limit is not None and day < limit

    def is_past_record(self, tenant: str, day: date) -> bool:
        limit = self.customer(tenant).first_record()
        return limit is not None and day < limit


def identity(number: int, position: int, line: Line) -> str:
    return line.shared_id or f"{number}-{position}"


def written(record_id: str, line: Line, file: File) -> dict[str, object] | str:
    if line.tenant is None:
        return "{"
    day = file.landed - timedelta(days=line.age)
    return prompt(record_id, f"{day}T08:00:00Z", tenantId=line.tenant, prompt="x", conversationId=record_id)


days = st.integers(0, 12)
limits = st.one_of(st.none(), st.integers(1, 8))
terms = st.builds(Terms, limits, limits)
customers = st.builds(Customer, terms, terms, st.booleans())


@st.composite
def files(draw: st.DrawFn) -> File:
    folder = draw(st.sampled_from([None, "acme", "globex"]))
    owners = st.sampled_from(OWNERS if folder is None else (folder, None))
    lines = st.builds(Line, owners, st.integers(0, 4), st.sampled_from([None, "x", "y"]))
    return File(draw(days), folder, tuple(draw(st.lists(lines, max_size=4))))


platforms = st.builds(
    Platform,
    st.fixed_dictionaries({"acme": customers}, optional={"globex": customers}),
    terms,
    st.lists(files(), min_size=1, max_size=5),
)
kills = st.lists(st.integers(0, 60), max_size=2)
"""The operations on files at which pruning is killed, one attempt after the other."""


def prune_exactly(
    new_settings: Callable[..., Settings], open_on: OpenOn, platform: Platform, kills: Iterable[int]
) -> int:
    """Prune, killed at these operations in turn, and return how many kills there were."""
    killed = 0
    deployment = new_settings(now=f"{TODAY}T12:00:00Z", first_day=date(2026, 5, 1))
    platform.write(deployment)
    with open_on(deployment) as storage:
        refresh(storage, PlainRunner(storage))
        before = kept_digests(storage)
        records = rows(storage, USAGE_RECORDS.spec, "tenant_id", "occurred_at", "record_id")
        expected = [row for row in records if not platform.is_past_record(row[0], row[1].date())]
        for operation in kills:
            try:
                with kill_at(operation):
                    prune(storage)
            except KilledError:
                killed += 1
        assert prune(storage).problems == []
        assert rows(storage, USAGE_RECORDS.spec, "tenant_id", "occurred_at", "record_id") == expected
        assert all(
            type_ is None or not platform.is_past_record(tenant, day)
            for tenant, day, type_ in rows(storage, LANDED_EVENTS, "tenant_id", "event_day", "type")
        )
        texts = [name for (name,) in rows(storage, CONTENT, "record_id")]
        left = sorted(int(path.stem) for path in deployment.landing.rglob("*.jsonl"))
        assert (texts, len(rows(storage, REJECTED_LINES, "reason")), left) == platform.left()
        assert (pruning.plan(storage).entries, find_stale(storage), kept_digests(storage)) == ([], {}, before)
        recompute_days(storage, PlainRunner(storage), sorted({day for _, day in before}), RefreshSummary())
        assert kept_digests(storage) == before
    return killed


def prune(storage: Storage) -> pruning.Outcome:
    return pruning.prune(storage, DAILY_TABLES, pruning.plan(storage), "test")


CHECKS = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=3, suppress_health_check=CHECKS)
@given(platform=platforms, kills=kills)
def test_exactly_what_is_past_its_term_goes(
    new_settings: Callable[..., Settings], open_on: OpenOn, platform: Platform, kills: list[int]
) -> None:
    prune_exactly(new_settings, open_on, platform, kills)


@pytest.mark.parametrize("step", [8, pytest.param(1, marks=pytest.mark.acceptance)])
def test_a_prune_that_is_killed_at_later_and_later_operations_is_completed(
    new_settings: Callable[..., Settings], open_on: OpenOn, step: int
) -> None:
    terms, all_kept = Terms(6, 3), Terms(None, None)
    lines = (Line("acme", 0, None), Line("globex", 1, "x"), Line("acme", 2, "x"), Line(None, 0, None))
    platform = Platform(
        {"acme": Customer(terms, terms)},
        all_kept,
        [File(9, None, lines), File(8, "acme", lines[:1]), File(7, None, lines[:3]), File(1, None, lines)],
    )
    assert prune_exactly(new_settings, open_on, platform, range(0, 40, step)) > 3


@pytest.mark.acceptance
@settings(max_examples=60, suppress_health_check=CHECKS)
@given(platform=platforms, kills=kills)
def test_exactly_what_is_past_its_term_goes_at_length(
    new_settings: Callable[..., Settings], open_on: OpenOn, platform: Platform, kills: list[int]
) -> None:
    prune_exactly(new_settings, open_on, platform, kills)
