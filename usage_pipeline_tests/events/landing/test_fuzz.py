"""Real lines changed at random: nothing crashes, nothing is lost, and the same lines always come to the same."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import zstandard
from sqlalchemy import select

from usage_pipeline.events.format_files import load_format
from usage_pipeline.events.record import LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.pipeline.refresh import PlainRunner, find_stale, refresh
from usage_pipeline.settings import Settings
from usage_pipeline.storage import landed_files, schema
from usage_pipeline.storage.engine import parquet_scan, session
from usage_pipeline.storage.landed_files import LINE_OUTCOMES, FileState, LandedFile
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.events.landing.good_lines import HEADER, JSON_LINES, OWN_FORMATS, format_file
from usage_pipeline_tests.events.landing.mutations import UNSETTLED, VALUES, Base, Mutator
from usage_pipeline_tests.events.landing.oracle import Delivery, validate
from usage_pipeline_tests.support import Landing, digests, shared

SHARES = {"": 1.0, ".gz": 0.03, ".zst": 0.5}
"""By compression, the share of lines that are changed: some files stay under 5 % rejects, others do not."""
IDS = {"persona": "id", "persona_callback": "jobId", "agent_runs": "runId", "usage_statistics": "id"}
ALL_VALUES = (*VALUES, *UNSETTLED)
STARTED = "20260501T070000"
AIDER_END = 1_723_593_600  # 2024-08-14
SETTINGS: dict[str, Any] = {"default_retention_days": 2, "formats_dir": OWN_FORMATS}
MADE = (
    "claude_code",
    "every_event",
    "every_list",
    "every_repeat",
    "every_start",
    "every_value",
    "litellm_payload",
    "litellm_spend_logs",
    "otlp_genai",
)
"""Formats of which there are good lines only, and no log."""
HEADERS = {"azure_llm": f"{HEADER}\n".encode()}


@dataclass(frozen=True)
class Log:
    """Good lines of a format, and a day on which they are neither old nor to come."""

    bases: list[Base]
    day: str = "2026-02-21"


@pytest.fixture(scope="module")
def logs() -> dict[str, Log]:
    return {
        **{name: Log(_samples(name)) for name in IDS},
        "aider": Log(_aider_lines(), "2024-08-13"),
        "azure_llm": Log(_azure_rows(), "2023-11-16"),
        **{name: Log([Base.of_json(line, None) for line in JSON_LINES[name]], "2026-05-01") for name in MADE},
        "void": Log([Base.of_json({**line, "eventDay": "2026-02-20"}, "id") for line in JSON_LINES["void"]]),
    }


def _samples(name: str) -> list[Base]:
    lines = shared("samples", f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [Base.of_json(json.loads(line), IDS[name]) for line in lines]


def _aider_lines() -> list[Base]:
    with zstandard.open(shared("data", "aider_analytics", "events.jsonl.zst"), "rt") as stream:
        lines = [json.loads(line) for line in islice(stream, 200)]
    return [Base.of_json(line, None) for line in lines if line["time"] < AIDER_END]


def _azure_rows() -> list[Base]:
    files = [shared("data", "azure_llm_2023", f"AzureLLMInferenceTrace_{kind}.csv") for kind in ("code", "conv")]
    return [Base.of_csv(row) for file in files for row in file.read_bytes().splitlines()[1:100]]


def write(
    landing: Landing, logs: Mapping[str, Log], lines: int, seed: int, values: Sequence[bytes] = ALL_VALUES
) -> dict[str, bytes]:
    """Write a file of each format and compression; their contents by path."""
    written = {}
    for number, (name, log) in enumerate(logs.items()):
        mutator = Mutator(seed + number, log.bases, values)
        suffix = "csv" if name == "azure_llm" else "jsonl"
        for compression, share in SHARES.items():
            content = HEADERS.get(name, b"") + mutator.content(lines, share)
            named = f"a_{STARTED}.{suffix}{compression}"
            file = landing.write_bytes(name, log.day, content, tenant="acme", name=named)
            written[file.relative_to(landing.root).as_posix()] = content
    return written


@contextmanager
def computed(settings: Settings, landing: Path) -> Iterator[Storage]:
    """A fresh storage on which the whole pipeline ran over these files."""
    settings.data_dir.mkdir()
    (settings.data_dir / "landing").symlink_to(landing)
    with open_storage(settings) as storage:
        refresh(storage, PlainRunner(storage))
        yield storage


def landing_files(storage: Storage) -> list[LandedFile]:
    with storage.warehouse.connect() as connection:
        return landed_files.files(connection)


def facts(storage: Storage) -> tuple[Any, ...]:
    """All that must be equal when the same files are read again."""
    files = [
        (file.path, file.state, file.content_digest, file.lines, *(getattr(file, name) for name in LINE_OUTCOMES))
        for file in landing_files(storage)
    ]
    return files, reasons(storage), digests(storage)


def objects(storage: Storage, table: str) -> str:
    return parquet_scan(sorted((storage.settings.data_dir / "lake" / table).rglob("*.parquet")))


def reasons(storage: Storage) -> dict[str, int]:
    with session(storage.engine) as duck:
        counted = f"SELECT reason, count(*) FROM {objects(storage, REJECTED_LINES.name)} GROUP BY ALL"
        return dict(duck.execute(counted).fetchall())


def expect_every_line(storage: Storage, written: Mapping[str, bytes]) -> None:
    """Each physical line has one outcome, and no line has two."""
    places = " UNION ALL ".join(
        f"SELECT landing_file, landing_line, landing_event FROM {objects(storage, table.name)}"
        for table in (LANDED_EVENTS, REJECTED_LINES)
    )
    place = "(landing_line, landing_event)"
    counted = f"SELECT landing_file, count(DISTINCT {place}), max(landing_line) FROM ({places}) GROUP BY ALL"
    with session(storage.engine) as duck:
        found = {path: (distinct, last) for path, distinct, last in duck.execute(counted).fetchall()}
    known = landing_files(storage)
    assert {file.path for file in known} == written.keys()
    for file in known:
        content = written[file.path]
        assert file.lines == content.count(b"\n") + (not content.endswith(b"\n")), file.path
        validated = file.accepted + file.rejected
        assert file.lines + file.further_events == sum(getattr(file, name) for name in LINE_OUTCOMES), file.path
        assert found[file.path][0] == validated, file.path
        assert found[file.path][1] <= file.lines, file.path


def expect_every_accepted_line(storage: Storage) -> None:
    """By event day and file, accepted = records + duplicates + conflicts + voided + voids."""
    days, tallies = schema.landing_event_days.c, schema.line_tallies.c
    outcomes = tallies.records + tallies.duplicates + tallies.conflicts + tallies.voided + tallies.voids
    with storage.warehouse.connect() as connection:
        accounted = {
            (r.path, r.day): (r.landed, r.total)
            for r in connection.execute(select(tallies.path, tallies.day, tallies.landed, outcomes.label("total")))
        }
        shares = {
            (r.path, r.event_day): (r.rows, r.rows)
            for r in connection.execute(select(days.path, days.event_day, days.rows))
        }
    counted = {file.path for file in landing_files(storage) if file.state is FileState.LANDED}
    assert accounted == {place: rows for place, rows in shares.items() if place[0] in counted}


def expect_sound(storage: Storage, written: Mapping[str, bytes]) -> None:
    assert find_stale(storage) == {}
    expect_every_line(storage, written)
    expect_every_accepted_line(storage)


LANDED, BOTH = {FileState.LANDED}, {FileState.LANDED, FileState.QUARANTINED}
LINES_IN_TEST, LINES_IN_ACCEPTANCE = 20_000, 1_000_000
FILES = 2 * 16 * len(SHARES)


@pytest.mark.parametrize(
    "lines",
    [LINES_IN_TEST // FILES + 1, pytest.param(LINES_IN_ACCEPTANCE // FILES + 1, marks=pytest.mark.acceptance)],
)
@pytest.mark.parametrize(("threshold", "seed", "states"), [("0.05", 1, BOTH), ("1", 2, LANDED)])
def test_changed_lines_are_all_accounted_for_and_come_to_the_same_twice(  # noqa: PLR0913, PLR0917 - three fixtures
    new_settings: Callable[..., Settings],
    tmp_path: Path,
    logs: dict[str, Log],
    threshold: str,
    seed: int,
    states: set[FileState],
    lines: int,
) -> None:
    landing = tmp_path / "landing"
    written = write(Landing(landing), logs, lines, seed)
    found = []
    for _ in range(2):
        settings = new_settings(
            reject_share_threshold=threshold, default_retention_days=2, formats_dir=OWN_FORMATS
        )
        with computed(settings, landing) as storage:
            expect_sound(storage, written)
            found.append(facts(storage))
    assert found[0] == found[1]
    assert {state for _, state, *_ in found[0][0]} == states


def validated(path: str, content: bytes) -> dict[tuple[str, int, int], str]:
    """The records of a file by path, line and event: the reject reason of each, or its type."""
    name, day, tenant, file = path.split("/")
    source_format = load_format(format_file(name))
    landed_on, first_day = date.fromisoformat(day), date(2023, 1, 1)
    delivered = Delivery(source_format, content, tenant, landed_on, {None: 2}, first_day, file)
    named = {
        (path, line.number, line.event): line.reason or (line.record and line.record.type)
        for line in validate(delivered)
    }
    return {place: verdict for place, verdict in named.items() if verdict}


def verdicts(storage: Storage) -> dict[tuple[str, int, int], str]:
    """The same of all files as the pipeline has it."""
    place = "landing_file, landing_line, landing_event"
    landed = f"SELECT {place}, type FROM {objects(storage, LANDED_EVENTS.name)}"
    rejected = f"SELECT {place}, reason FROM {objects(storage, REJECTED_LINES.name)}"
    with session(storage.engine) as duck:
        found = duck.execute(f"{landed} UNION ALL {rejected}").fetchall()
    return {(path, line, event): verdict for path, line, event, verdict in found}


def test_changed_lines_are_validated_as_the_independent_validate_says(
    new_settings: Callable[..., Settings], tmp_path: Path, logs: dict[str, Log]
) -> None:
    landing = tmp_path / "landing"
    written = write(Landing(landing), logs, 150, seed=3, values=VALUES)
    expected: dict[tuple[str, int, int], str] = {}
    for path, content in written.items():
        expected |= validated(path, content)
    with computed(new_settings(**SETTINGS), landing) as storage:
        assert verdicts(storage) == expected
