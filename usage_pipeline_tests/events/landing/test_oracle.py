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


@st.composite
def log_files(draw: st.DrawFn, source_format: str) -> list[LogFile]:
    """Ten files of the format, which land together."""
    return [
        LogFile(
            source_format,
            draw(contents(source_format)),
            draw(TENANT_FOLDERS),
            draw(st.sampled_from(COMPRESSIONS)),
            letter,
        )
        for letter in "abcdefghij"
    ]


def as_landed(line: Validated) -> tuple[Any, ...]:
    """An accepted line as the row that it becomes."""
    assert line.record is not None
    record = line.record
    identity = (record.record_id, record.type, record.tenant_id, record.occurred_at)
    return (line.number, line.event, *identity, *record.tokens, record.messages, record.status, record.model)


def of_file(storage: Storage, path: str) -> tuple[list[Any], list[Any], landed_files.LandedFile]:
    """What the pipeline made of a file: accepted rows, rejected lines, and its state."""
    names = ("landing_line", *LANDED, *TOKENS, "messages", "status", "model")
    landed = [row for row in rows(storage, LANDED_EVENTS, "landing_file", *names) if row[0] == path]
    rejected = rows(storage, REJECTED_LINES, "landing_file", "landing_line", "landing_event", "reason")
    with storage.warehouse.connect() as connection:
        (file,) = (file for file in landed_files.files(connection) if file.path == path)
    return [row[1:] for row in landed], [row[1:] for row in rejected if row[0] == path], file


def some_examples(count: int) -> Callable[[Any], Any]:
    """So many examples; one that fails is shown as it is, because to shrink it would take many minutes."""
    return hypothesis_settings(
        max_examples=count,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


@dataclass(frozen=True)
class Lands:
    """Lands files together, and expects of each what the independent validate says."""

    storage: Storage
    landing: Landing
    land: Land

    def expect_as_validated(self, *files: LogFile) -> None:
        paths = [file.write(self.landing) for file in files]
        self.land(DAY)
        for file, path in zip(files, paths, strict=True):
            self._expect_as_validated(file, path.relative_to(self.landing.root).as_posix())
            path.unlink()

    def _expect_as_validated(self, written: LogFile, path: str) -> None:
        landed, rejected, file = of_file(self.storage, path)
        validated = validate(written.delivery)
        faults = [line for line in validated if line.verdict is Verdict.REJECTED]
        assert rejected == [(line.number, line.event, line.reason) for line in faults]
        assert landed == [as_landed(line) for line in validated if line.verdict is Verdict.ACCEPTED]
        count = Counter(line.verdict for line in validated)
        assert file.lines == len({line.number for line in validated})
        assert file.lines + file.further_events == len(validated)
        assert {name: getattr(file, name) for name in landed_files.LINE_OUTCOMES} == {
            name: count[Verdict(name)] for name in landed_files.LINE_OUTCOMES
        }


@pytest.fixture
def lands(storage: Storage, landing: Landing, land: Land) -> Lands:
    return Lands(storage, landing, land)


@pytest.mark.parametrize("source_format", FORMATS)
def test_any_value_in_any_field_and_any_time_that_is_kept_is_what_the_validate_says(
    lands: Lands, source_format: str
) -> None:
    in_folder = source_format in TENANT_IN_FOLDER
    # The long lines of these formats would take a third of all tests of landing, and have their times in `kept`.
    values = VALUES if source_format in {"every_list", "every_value"} else (*TIMES, *VALUES)
    kept = every_single_fault(source_format, TIMES).replace(b'"acme"', b'"archive"')
    lands.expect_as_validated(
        LogFile(source_format, every_single_fault(source_format, values), "acme" if in_folder else None),
        LogFile(source_format, kept, "archive" if in_folder else None, letter="b"),
    )


@pytest.mark.parametrize("source_format", FORMATS)
@some_examples(2)  # the first is always of empty files
@given(data=st.data())
def test_each_line_of_any_file_is_what_the_validate_says(
    lands: Lands, source_format: str, data: st.DataObject
) -> None:
    lands.expect_as_validated(*data.draw(log_files(source_format)))


@some_examples(2)  # the first is always of empty files beside the good ones
@given(data=st.data(), compression=st.sampled_from(COMPRESSIONS))
def test_each_accepted_line_becomes_a_record_or_is_accounted_for(
    storage: Storage, landing: Landing, run: Callable[[], object], data: st.DataObject, compression: str
) -> None:
    accepted: Counter[tuple[str, date]] = Counter()
    for source_format, letter in product(FORMATS, "ab"):
        content = good_content(source_format) + data.draw(contents(source_format))
        file = LogFile(source_format, content, "acme", compression, letter)
        path = file.write(landing)
        for line in validate(file.delivery):
            if line.record:
                accepted[path.relative_to(landing.root).as_posix(), line.record.occurred_at.date()] += 1
    run()
    shutil.rmtree(landing.root)
    tallies = tallies_of(storage, {path for path, _ in accepted})
    assert {place: landed for place, (landed, _) in tallies.items()} == accepted
    assert {place: outcomes for place, (_, outcomes) in tallies.items()} == accepted


def tallies_of(storage: Storage, paths: set[str]) -> dict[tuple[str, date], tuple[int, int]]:
    """By file and event day, the accepted lines and the sum of what became of them."""
    with storage.warehouse.connect() as connection:
        found = connection.execute(select(line_tallies).where(line_tallies.c.path.in_(paths))).mappings().all()
    outcomes = ("records", "duplicates", "conflicts", "voided", "voids")
    return {(row["path"], row["day"]): (row["landed"], sum(row[name] for name in outcomes)) for row in found}
