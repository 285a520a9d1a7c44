"""A day of which landed rows went missing is not computed: it would become smaller than it was."""

from collections.abc import Callable
from datetime import date

import pytest

from usage_pipeline.errors import PartitionError
from usage_pipeline.events.landing.land import land_days
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import CONFLICTS, EXCLUDED_EVENTS, USAGE_RECORDS
from usage_pipeline.storage import state
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.engine import literal, parquet_scan, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, compute_day, digests, prompt, rows

DAY = date(2026, 5, 1)


@pytest.fixture(autouse=True)
def _lost_row(storage: Storage, landing: Landing, run: Callable[[], object]) -> None:
    """A computed day of three landed rows, of which the lake then loses one."""
    lines = [prompt(f"e{number}", "2026-05-01T08:00:00Z") for number in (1, 2, 3)]
    landing.write("persona", "2026-05-01", lines)
    run()
    (landed,) = storage.lake.folder(LANDED_EVENTS, DAY).iterdir()
    fewer = landed.with_suffix(".fewer")
    with session(storage.engine) as duck:
        select = f"FROM {parquet_scan([landed])} WHERE record_id <> 'e3'"
        duck.execute(f"COPY ({select}) TO {literal(str(fewer))} (FORMAT parquet)")
    fewer.replace(landed)


@pytest.mark.parametrize("table", [EXCLUDED_EVENTS, USAGE_RECORDS, CONFLICTS], ids=lambda table: table.name)
def test_the_computation_stops_and_says_what_is_missing(storage: Storage, table: DailyTable) -> None:
    with pytest.raises(PartitionError) as error:
        compute_day(storage, table, DAY, "run")
    assert str(error.value).startswith(
        "landed_events: 2026-05-01 has 2 rows in the lake where 3 landed; nothing was written."
    )


def test_the_partition_keeps_its_rows_and_its_version(storage: Storage) -> None:
    with storage.warehouse.connect() as connection:
        before = state.partitions(connection, USAGE_RECORDS.name)[DAY]
    with pytest.raises(PartitionError):
        compute_day(storage, USAGE_RECORDS, DAY, "run")
    with storage.warehouse.connect() as connection:
        after = state.partitions(connection, USAGE_RECORDS.name)[DAY]
    assert rows(storage, USAGE_RECORDS.spec, "record_id") == [("e1",), ("e2",), ("e3",)]
    assert (after.version, after.output_digest, after.rows) == (before.version, before.output_digest, before.rows)


def test_landing_the_day_again_as_the_error_advises_heals_it(storage: Storage, run: Callable[[], object]) -> None:
    before = digests(storage)
    with pytest.raises(PartitionError, match="Run `usage-pipeline land` for the landing days concerned"):
        compute_day(storage, USAGE_RECORDS, DAY, "run")
    land_days(storage, [DAY], "as advised")
    run()
    assert digests(storage) == before
