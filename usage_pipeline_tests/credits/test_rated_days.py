"""A day keeps the credit rates that it was first rated with, until it is rated again on purpose."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from usage_pipeline.credits.rate_store import rerate_credits
from usage_pipeline.credits.tables import CREDIT_SECONDS, CREDIT_USAGE
from usage_pipeline.errors import FailedDaysError
from usage_pipeline.pipeline.refresh import PlainRunner, RefreshSummary, find_stale, refresh, settle
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import partition_state, usage_versions
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.support import Landing, at, prompt, rows

DAY, NEW = date(2026, 5, 1), date(2026, 5, 2)
CREDIT_TABLES = {CREDIT_USAGE.name, CREDIT_SECONDS.name}


@pytest.fixture
def settings(new_settings: Callable[..., Settings], tmp_path: Path) -> Settings:
    """Settings with a reference directory of the test's own."""
    reference = tmp_path / "reference"
    reference.mkdir()
    return new_settings(reference_dir=reference)


def write_rates(settings: Settings, base: str) -> Path:
    file = settings.reference / "credit_rates.yaml"
    file.write_text(f'- {{from: 2026-01-01, operations: {{persona_prompt: {{base: "{base}"}}}}}}')
    return file


def write(landing: Landing, record_id: str, day: date, landed: date) -> None:
    landing.write("persona", str(landed), [prompt(record_id, f"{day}T08:00:00Z")], name=f"{record_id}.jsonl")


@pytest.fixture
def rated(storage: Storage, landing: Landing, run: Callable[[], object], prepare: Prepare) -> Storage:
    """A day with one prompt, rated at 1; since then the rate has become 3."""
    write_rates(storage.settings, "1")
    write(landing, "a", DAY, DAY)
    prepare("rated", run)
    write_rates(storage.settings, "3")
    return storage


def used(storage: Storage) -> dict[date, Decimal]:
    """The credits of each day, the same in both cubes."""
    by_table = [rows(storage, spec, "day", "credits") for spec in (CREDIT_USAGE.spec, CREDIT_SECONDS.spec)]
    assert by_table[0] == by_table[1]
    return dict(by_table[0])


def compute(storage: Storage) -> None:
    settle(storage, PlainRunner(storage), RefreshSummary())


def test_new_rates_make_nothing_stale(rated: Storage) -> None:
    assert find_stale(rated) == {}


def test_a_late_event_of_a_rated_day_has_the_old_rate_and_a_new_day_the_new_one(
    rated: Storage, landing: Landing, run: Callable[[], object]
) -> None:
    write(landing, "b", DAY, NEW)
    write(landing, "c", NEW, NEW)
    run()
    assert used(rated) == {DAY: Decimal(2), NEW: Decimal(3)}


def test_a_rerating_moves_rated_days_to_the_rates_of_now(rated: Storage) -> None:
    assert rerate_credits(rated, [DAY, NEW]) == [DAY]
    assert find_stale(rated) == {DAY: CREDIT_TABLES}
    compute(rated)
    assert used(rated) == {DAY: Decimal(3)}
    assert rerate_credits(rated, [DAY, NEW]) == []


def versions(storage: Storage) -> list[tuple[int, str, str, int, Decimal | None, str]]:
    columns = usage_versions.c
    names = ("version", "tenant_id", "class", "quantity", "amount", "cause")
    query = select(*(columns[name] for name in names)).where(columns.table_name == CREDIT_USAGE.name)
    with storage.warehouse.connect() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(columns.id))]


def test_each_change_is_kept_with_its_cause(rated: Storage, landing: Landing) -> None:
    rerate_credits(rated, [DAY])
    compute(rated)
    landing.write("persona", str(NEW), [prompt("b", f"{DAY}T08:00:00Z", event="persona_list")])
    later = at(rated, datetime(2026, 6, 2, tzinfo=UTC))
    refresh(later, PlainRunner(later))
    rates = rated.settings.reference / "credit_rates.yaml"
    rates.write_text(rates.read_text().replace("persona_prompt", "persona_list"))
    rerate_credits(rated, [DAY])
    compute(rated)
    assert versions(rated) == [
        (1, "acme", "persona_prompt", 1, Decimal(1), "first"),
        (2, "acme", "persona_prompt", 1, Decimal(3), "rerate"),
        (3, "acme", "persona_list", 1, None, "late"),
        (4, "acme", "persona_list", 1, Decimal(3), "rerate"),
        (4, "acme", "persona_prompt", 1, None, "rerate"),
    ]


def test_a_change_is_kept_where_a_process_died_before_the_state_was_committed(rated: Storage) -> None:
    rerate_credits(rated, [DAY])
    compute(rated)
    with rated.warehouse.begin() as connection:
        connection.execute(usage_versions.delete().where(usage_versions.c.version == 2))
        connection.execute(partition_state.update().values(state="writing", version=1, output_digest="old"))
    compute(rated)
    assert [row[:1] + row[4:] for row in versions(rated)] == [(1, Decimal(1), "first"), (2, Decimal(3), "rerate")]


def test_an_entry_of_another_time_does_not_move_a_day(rated: Storage) -> None:
    file = write_rates(rated.settings, "1")
    file.write_text(f'{file.read_text()}\n- {{from: 2026-06-01, operations: {{persona_prompt: {{base: "9"}}}}}}')
    assert rerate_credits(rated, [DAY]) == []


def test_broken_rates_concern_days_that_were_never_rated(
    rated: Storage, landing: Landing, run: Callable[[], object]
) -> None:
    file = write_rates(rated.settings, "cheap")
    write(landing, "b", DAY, NEW)
    write(landing, "c", NEW, NEW)
    with pytest.raises(FailedDaysError) as raised:
        run()
    assert raised.value.reasons.keys() == {NEW}
    assert str(raised.value) == (
        f"{file}: from 2026-01-01: operations.persona_prompt.base: expected a decimal number in quotes, such as "
        "\"99.50\", found 'cheap'.\nDays that were never rated in credits have none until the file is corrected. "
        "Other days keep their rates and are not affected."
    )
    assert used(rated) == {DAY: Decimal(2)}
    write_rates(rated.settings, "3")
    compute(rated)
    assert used(rated) == {DAY: Decimal(2), NEW: Decimal(3)}
