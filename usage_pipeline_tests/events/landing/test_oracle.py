"""The pipeline against an independent validator: each line has the verdict, reason and columns it says."""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from usage_pipeline.events.format_files import load_format
from usage_pipeline.events.record import LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.settings import Settings
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import line_tallies
from usage_pipeline_tests.events.landing.faulty_files import (
    COMPRESSIONS,
    FORMATS,
    TIMES,
    VALUES,
    contents,
    every_single_fault,
    good_content,
)
from usage_pipeline_tests.events.landing.good_lines import OWN_FORMATS, format_file
from usage_pipeline_tests.events.landing.oracle import Delivery, validate
from usage_pipeline_tests.events.landing.oracle_lines import Verdict
from usage_pipeline_tests.events.landing.oracle_records import Validated
from usage_pipeline_tests.events.landing.oracle_tokens import TOKENS
from usage_pipeline_tests.support import Landing, rows

Land = Callable[[str], None]
DAY = "2026-05-01"
LANDED = ("landing_event", "record_id", "type", "tenant_id", "occurred_at")
PLANS = "standard: {retention_days: 90}\nforever: {retention_days: null}\ndefault: standard\n"
TENANTS = "archive: {plans: [{from: 2020-01-01, plan: forever}]}\n"
KEPT = {None: 90, "archive": None}
TENANT_IN_FOLDER = frozenset({"usage_statistics", "aider", "azure_llm", "claude_code"})
SHARE = 4
"""A field has one of so many values in each run of the tests, and all of them in `make acceptance`."""
TENANT_FOLDERS = st.sampled_from([None, "acme", "archive"])


@pytest.fixture(autouse=True)
def _plans(add_reference: Callable[[str, str], None], settings: Settings) -> None:
    add_reference("plans", PLANS)
    add_reference("tenants", TENANTS)
    assert settings.formats_dir is not None
    shutil.copytree(OWN_FORMATS, settings.formats_dir, dirs_exist_ok=True)


@dataclass(frozen=True)
class LogFile:
    """A file of a format, in the folder of a tenant or in none; `letter` tells it from the others of its day."""

    source_format: str
    content: bytes
    tenant: str | None = None
    compression: str = ""
    letter: str = "a"

    @property
    def name(self) -> str:
        extension = "csv" if self.source_format == "azure_llm" else "jsonl"
        return f"{self.letter}_20260501T070000.{extension}{self.compression}"

    @property
    def delivery(self) -> Delivery:
        read = load_format(format_file(self.source_format))
        return Delivery(
            read, self.content, self.tenant, date.fromisoformat(DAY), KEPT, date(2023, 1, 1), self.name
        )

    def write(self, landing: Landing) -> Path:
        return landing.write_bytes(self.source_format, DAY, self.content, tenant=self.tenant, name=self.name)


def as_landed(line: Validated) -> tuple[Any, ...]:
    """An accepted line as the row that it becomes."""
    assert line.record is not None
    record = line.record
    identity = (record.record_id, record.type, record.tenant_id, record.occurred_at)
    return (line.number, line.event, *identity, *record.tokens, record.messages, record.status, record.model)


@dataclass(frozen=True)
class Made:
    """What the pipeline made of files: by path accepted rows, rejected lines, and the state of the file."""

    landed: dict[str, list[Any]]
    rejected: dict[str, list[Any]]
    files: dict[str, landed_files.LandedFile]

    @classmethod
    def by(cls, storage: Storage) -> "Made":
        """All that this storage has landed."""
        names = ("landing_line", *LANDED, *TOKENS, "messages", "status", "model")
        with storage.warehouse.connect() as connection:
            known = {file.path: file for file in landed_files.files(connection)}
        return cls(
            _by_path(rows(storage, LANDED_EVENTS, "landing_file", *names)),
            _by_path(rows(storage, REJECTED_LINES, "landing_file", "landing_line", "landing_event", "reason")),
            known,
        )

    def expect_as_validated(self, written: LogFile, path: str) -> list[Validated]:
        """Expect of a file what the independent validate says, and return that."""
        validated = validate(written.delivery)
        faults = [line for line in validated if line.verdict is Verdict.REJECTED]
        assert self.rejected.get(path, []) == [(line.number, line.event, line.reason) for line in faults]
        accepted = [as_landed(line) for line in validated if line.verdict is Verdict.ACCEPTED]
        assert self.landed.get(path, []) == accepted
        count, file = Counter(line.verdict for line in validated), self.files[path]
        assert file.lines == len({line.number for line in validated})
        assert file.lines + file.further_events == len(validated)
        assert {name: getattr(file, name) for name in landed_files.LINE_OUTCOMES} == {
            name: count[Verdict(name)] for name in landed_files.LINE_OUTCOMES
        }
        return validated


def _by_path(found: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    by_path: dict[str, list[Any]] = {}
    for path, *row in found:
        by_path.setdefault(path, []).append(tuple(row))
    return by_path


def some_examples(count: int) -> Callable[[Any], Any]:
    """So many examples; one that fails is shown as it is, because to shrink it would take many minutes."""
    return hypothesis_settings(
        max_examples=count,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


@pytest.mark.parametrize("source_format", FORMATS)
@pytest.mark.parametrize("share", [SHARE, pytest.param(1, marks=pytest.mark.acceptance)])
def test_any_value_in_any_field_and_any_time_that_is_kept_is_what_the_validate_says(
    storage: Storage, landing: Landing, land: Land, source_format: str, share: int
) -> None:
    in_folder = source_format in TENANT_IN_FOLDER
    # The long lines of these formats would take a third of all tests of landing, and have their times in `kept`.
    values = VALUES if source_format in {"every_list", "every_value"} else (*TIMES, *VALUES)
    kept = every_single_fault(source_format, TIMES, share).replace(b'"acme"', b'"archive"')
    faulty = every_single_fault(source_format, values, share)
    files = [
        LogFile(source_format, faulty, "acme" if in_folder else None),
        LogFile(source_format, kept, "archive" if in_folder else None, letter="b"),
    ]
    paths = [file.write(landing).relative_to(landing.root).as_posix() for file in files]
    land(DAY)
    made = Made.by(storage)
    for file, path in zip(files, paths, strict=True):
        made.expect_as_validated(file, path)


@st.composite
def log_files(draw: st.DrawFn) -> list[LogFile]:
    """Files of all formats: for each two of acme with its good lines, and three others of any tenant."""
    return [
        LogFile(
            source_format,
            (good_content(source_format) if letter in "ab" else b"") + draw(contents(source_format)),
            "acme" if letter in "ab" else draw(TENANT_FOLDERS),
            draw(st.sampled_from(COMPRESSIONS)),
            letter,
        )
        for source_format, letter in product(FORMATS, "abcde")
    ]


@some_examples(2)  # the first is always of empty files beside the good ones
@given(files=log_files())
def test_each_line_of_any_file_is_what_the_validate_says_and_accepted_ones_are_accounted_for(
    storage: Storage, landing: Landing, run: Callable[[], object], files: list[LogFile]
) -> None:
    paths = [file.write(landing).relative_to(landing.root).as_posix() for file in files]
    run()
    shutil.rmtree(landing.root)
    made = Made.by(storage)
    accepted: Counter[tuple[str, date]] = Counter()
    for file, path in zip(files, paths, strict=True):
        for line in made.expect_as_validated(file, path):
            if line.record:
                accepted[path, line.record.occurred_at.date()] += 1
    tallies = tallies_of(storage, set(paths))
    assert {place: landed for place, (landed, _) in tallies.items()} == accepted
    assert {place: outcomes for place, (_, outcomes) in tallies.items()} == accepted


def tallies_of(storage: Storage, paths: set[str]) -> dict[tuple[str, date], tuple[int, int]]:
    """By file and event day, the accepted lines and the sum of what became of them."""
    with storage.warehouse.connect() as connection:
        found = connection.execute(select(line_tallies).where(line_tallies.c.path.in_(paths))).mappings().all()
    outcomes = ("records", "duplicates", "conflicts", "voided", "voids")
    return {(row["path"], row["day"]): (row["landed"], sum(row[name] for name in outcomes)) for row in found}
