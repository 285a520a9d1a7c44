"""Whatever the plans, holds, days and files: exactly what is past its term goes, and nothing else changes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from usage_pipeline.events.landing.land import land_days
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.pipeline.tables import DAILY_TABLES
from usage_pipeline.retention import pruning
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import open_storage
from usage_pipeline_tests.support import Landing, prompt, rows

TODAY = date(2026, 6, 1)
OWNERS = ("acme", "globex", None)
"""The tenants of lines; None for a line that is rejected and names nobody."""


@dataclass(frozen=True)
class Line:
    """A line of a file: whose it is, and how many days before the landing day it happened."""

    tenant: str | None
    age: int


@dataclass(frozen=True)
class File:
    """A landing file: how many days ago it landed, in whose folder, and its lines."""

    age: int
    folder: str | None
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Terms:
    """Days that records and texts of a plan are kept, and whether the tenant is on hold."""

    records: int | None
    texts: int | None
    held: bool

    def rejects(self, line: Line) -> bool:
        """Whether the line does not land, because nobody owns it or it is older than its records are kept."""
        return line.tenant is None or (self.records is not None and line.age > self.records)

    def plan(self) -> dict[str, int | None]:
        return {"retention_days": self.records, "content_retention_days": self.texts}

    def first_kept(self) -> date | None:
        limits = [days for days in (self.records, self.texts) if days is not None]
        return None if self.held or not limits else TODAY - timedelta(days=min(limits))


days = st.integers(0, 12)
limits = st.one_of(st.none(), st.integers(1, 8))
terms = st.builds(Terms, records=limits, texts=limits, held=st.booleans())


@st.composite
def files(draw: st.DrawFn) -> File:
    folder = draw(st.sampled_from([None, "acme", "globex"]))
    owners = st.sampled_from(OWNERS if folder is None else (folder, None))
    return File(draw(days), folder, tuple(draw(st.lists(st.builds(Line, owners, st.integers(0, 4)), max_size=4))))


def expected(written: list[File], by_tenant: dict[str | None, Terms]) -> tuple[list[str], int, list[int]]:
    """The texts, the number of rejected lines and the files that stay, by the rules of docs/retention.md."""
    anyone_held = any(entry.held for entry in by_tenant.values())
    first = {tenant: entry.first_kept() for tenant, entry in by_tenant.items()}
    first[None] = None if anyone_held else first[None]

    def is_past(tenant: str | None, day: date) -> bool:
        limit = first[tenant]
        return limit is not None and day < limit

    texts, rejects, kept_files = [], 0, []
    for number, file in enumerate(written):
        landed = TODAY - timedelta(days=file.age)
        gone = []
        for position, line in enumerate(file.lines):
            if by_tenant[line.tenant].rejects(line):
                gone.append(is_past(line.tenant or file.folder, landed))
                rejects += not gone[-1]
            else:
                gone.append(is_past(line.tenant, landed - timedelta(days=line.age)))
                texts += [] if gone[-1] else [f"{number}-{position}"]
        if not (is_past(file.folder, landed) and all(gone)):
            kept_files.append(number)
    return sorted(texts), rejects, kept_files


def written_line(record_id: str, line: Line, landed: date) -> dict[str, object] | str:
    if line.tenant is None:
        return "{"
    return prompt(record_id, f"{landed - timedelta(days=line.age)}T08:00:00Z", tenantId=line.tenant, prompt="x")


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    written=st.lists(files(), min_size=1, max_size=5),
    default=terms,
    acme=terms,
    globex=st.one_of(st.none(), terms),
)
def test_exactly_what_is_past_its_term_goes(
    new_settings: Callable[..., Settings], written: list[File], default: Terms, acme: Terms, globex: Terms | None
) -> None:
    deployment = new_settings(now=f"{TODAY}T12:00:00Z", first_day=date(2026, 5, 1))
    deployment.reference.mkdir(parents=True)
    own = {"acme": acme, **({"globex": globex} if globex else {})}
    plans = {
        name: {"retention_days": entry.records, "content_retention_days": entry.texts}
        for name, entry in own.items()
    }
    plans["other"] = {"retention_days": default.records, "content_retention_days": default.texts}
    (deployment.reference / "plans.yaml").write_text(json.dumps({**plans, "default": "other"}))
    hold = {"reason": "a lawsuit", "by": "legal", "since": "2026-01-01"}
    tenants = {
        name: {"plans": [{"from": "2020-01-01", "plan": name}], **({"legal_hold": hold} if entry.held else {})}
        for name, entry in own.items()
    }
    (deployment.reference / "tenants.yaml").write_text(json.dumps(tenants))
    landing = Landing(deployment.landing)
    for number, file in enumerate(written):
        landed = TODAY - timedelta(days=file.age)
        lines = [written_line(f"{number}-{position}", line, landed) for position, line in enumerate(file.lines)]
        place = {"tenant": file.folder} if file.folder else {}
        landing.write("persona", str(landed), lines, name=f"{number}.jsonl", **place)
    unlisted = Terms(default.records, default.texts, held=False)
    by_tenant: dict[str | None, Terms] = {"acme": acme, "globex": globex or unlisted, None: unlisted}
    with open_storage(deployment) as storage:
        land_days(storage, sorted({TODAY - timedelta(days=file.age) for file in written}), "test")
        landed_before = rows(storage, LANDED_EVENTS, "record_id")
        list(pruning.prune(storage, DAILY_TABLES, pruning.plan(storage), "test").removed)
        texts = sorted(name for (name,) in rows(storage, CONTENT, "record_id"))
        left = sorted(int(path.stem) for path in deployment.landing.rglob("*.jsonl"))
        rejects = len(rows(storage, REJECTED_LINES, "reason"))
        assert rows(storage, LANDED_EVENTS, "record_id") == landed_before
        assert pruning.plan(storage).entries == []
    assert (texts, rejects, left) == expected(written, by_tenant)
