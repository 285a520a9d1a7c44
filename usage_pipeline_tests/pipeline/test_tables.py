"""The list of all tables: in the order of the flow, each of them once."""

from usage_pipeline.pipeline.tables import DAILY_TABLES, LANDING_TABLES, TABLES
from usage_pipeline.storage.tables import PartitionedBy


def test_every_table_is_listed_once() -> None:
    names = [spec.name for spec in TABLES]
    assert sorted(names) == sorted(set(names))


def test_a_table_reads_only_tables_before_it() -> None:
    known = {spec.name for spec in LANDING_TABLES}
    for table in DAILY_TABLES:
        assert set(table.upstream) <= known, table.name
        known.add(table.name)


def test_landing_tables_are_by_landing_day_and_all_others_by_event_day() -> None:
    assert {spec.partitioned_by for spec in LANDING_TABLES} == {PartitionedBy.LANDING_DAY}
    assert {table.spec.partitioned_by for table in DAILY_TABLES} == {PartitionedBy.EVENT_DAY}


def test_every_column_is_described() -> None:
    undescribed = [
        (spec.name, column.name) for spec in TABLES for column in spec.columns if not column.description
    ]
    assert undescribed == []
