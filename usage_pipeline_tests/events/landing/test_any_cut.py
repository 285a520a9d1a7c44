"""Whichever files land together, each comes to what it comes to alone."""

import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from usage_pipeline.events.landing.land import land_days
from usage_pipeline.events.record import LANDED_EVENTS, LANDING_TABLES
from usage_pipeline.settings import Settings
from usage_pipeline.storage import schema, state
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import OpenOn
from usage_pipeline_tests.events.landing.good_lines import JSON_LINES
from usage_pipeline_tests.support import Landing, files, logged, prompt, rows

DAYS = [date(2026, 5, day) for day in (1, 2, 3)]
TENANTS = ["acme", "globex"]
PLANS = "short: {retention_days: 10}\nlong: {retention_days: 100}\ndefault: short\n"
CHANGING_PLANS = "acme: {plans: [{from: 2026-04-01, plan: long}, {from: 2026-05-02, plan: short}]}\n"


def lines(*entries: dict[str, Any] | str) -> bytes:
    return "".join(f"{e if isinstance(e, str) else json.dumps(e)}\n" for e in entries).encode()


TIMES = ["2026-04-20T12:00:00Z", "2026-05-01T08:00:00Z", "2026-05-02T08:00:00Z"]
PERSONA = lines(
    *(prompt(time, time, prompt="Why?") for time in TIMES), "{", "", prompt("e", TIMES[1], tokensIn="x")
)
POSITIONS = lines(
    *[{"event": "exit", "properties": {}, "user_id": "u", "time": 1777622400}] * 2,
    {"event": "entrance", "user_id": "u", "time": 1777622400},
)
CSV = lines("TIMESTAMP,ContextTokens,GeneratedTokens", f"{TIMES[1]},1,2", "short", f"{TIMES[1]},3,4")
CONTENTS = {
    "persona": ("persona", "jsonl", PERSONA),
    "persona, archived": ("persona", "jsonl.gz", gzip.compress(PERSONA[len(PERSONA) // 2 :])),
    "persona, cut": ("persona", "jsonl.gz", gzip.compress(PERSONA)[:-3]),
    "persona, quarantined": ("persona", "jsonl", lines(prompt("e", TIMES[1])) + b"{\n" * 100),
    "persona, empty": ("persona", "jsonl", b""),
    "positions": ("aider", "jsonl", POSITIONS),
    "positions, the first of them": ("aider", "jsonl", POSITIONS[: len(POSITIONS) // 3]),
    "csv": ("azure_llm", "csv", CSV),
    "csv with a note": ("azure_llm", "csv", CSV.replace(b"Tokens\n", b"Tokens,note\n").replace(b"2\n", b"2,hi\n")),
    "csv without a column": ("azure_llm", "csv", lines("TIMESTAMP,ContextTokens", f"{TIMES[1]},1")),
    "csv, empty": ("azure_llm", "csv", b""),
    "voids": ("void", "jsonl", lines(*JSON_LINES["void"])),
}


@dataclass(frozen=True)
class Delivered:
    """One file: what is in it, and where it is put."""

    content: str
    day: date
    tenant: str

    def write(self, landing: Landing, number: int) -> None:
        source, suffix, content = CONTENTS[self.content]
        path = landing.root / source / str(self.day) / self.tenant / f"{number:02}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def facts(storage: Storage) -> list[Any]:
    """All that is known of the files after landing, but for the moment and the run."""
    by_chance = ("landed_at", "run", "mtime_ns", "vanished_at")
    known = [{k: v for k, v in vars(f).items() if k not in by_chance} for f in files(storage).values()]
    with storage.warehouse.connect() as connection:
        shares = sorted(map(tuple, connection.execute(select(schema.landing_event_days))))
        days = state.partitions(connection, LANDED_EVENTS.name)
    lake = storage.settings.data_dir / "lake"
    return [
        sorted(known, key=lambda file: file["path"]),
        shares,
        {day: (found.state, found.inputs_digest, found.output_digest, found.rows) for day, found in days.items()},
        sorted(str(path.relative_to(lake)) for path in lake.rglob("*") if path.is_file()),
        [rows(storage, table, *table.column_names) for table in LANDING_TABLES],
        sorted((entry.subject, entry.action, entry.reason) for entry in logged(storage)),
    ]


def land(open_on: OpenOn, settings: Settings, deliveries: Sequence[Sequence[tuple[int, Delivered]]]) -> list[Any]:
    """What is known after these deliveries, each of which is landed before the next comes."""
    settings.reference.mkdir(parents=True)
    (settings.reference / "plans.yaml").write_text(PLANS)
    (settings.reference / "tenants.yaml").write_text(CHANGING_PLANS)
    with open_on(settings) as storage:
        for delivery in deliveries:
            for number, file in delivery:
                file.write(Landing(settings.landing), number)
            land_days(storage, DAYS, "test")
        return facts(storage)


delivered = st.builds(
    Delivered, st.sampled_from(sorted(CONTENTS)), st.sampled_from(DAYS), st.sampled_from(TENANTS)
)


@hypothesis_settings(
    max_examples=4,  # each takes a second
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(found=st.lists(delivered, min_size=6, max_size=12), data=st.data())
def test_any_cut_of_files_into_landings_gives_the_same(
    new_settings: Callable[..., Settings], open_on: OpenOn, found: list[Delivered], data: st.DataObject
) -> None:
    numbered = data.draw(st.permutations(list(enumerate(found))))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(found) - 1), max_size=3)))
    pieces = [numbered[start:end] for start, end in zip([0, *cuts], [*cuts, len(found)], strict=True)]
    one_by_one = [[file] for file in enumerate(found)]
    assert land(open_on, new_settings(), pieces) == land(open_on, new_settings(), one_by_one)
