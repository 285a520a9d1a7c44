"""DuckDB runs with the threads, memory, time zone and spilling folder that the settings say, once it is needed."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import duckdb
import pytest

from usage_pipeline.errors import PartitionError, UndecidedDaysError, UnstorableError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.engine import (
    execute_parsed,
    literal,
    open_engine,
    parquet_scan,
    session,
    undisturbed,
)
from usage_pipeline.storage.opened import open_storage


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("threads", 3),
        ("memory_limit", "190.7 MiB"),  # 200 MB
        ("TimeZone", "UTC"),
        ("preserve_insertion_order", False),
        ("async_threads", 3),
        ("parquet_metadata_cache", True),
    ],
)
def test_an_engine_has_the_settings(tmp_path: Path, setting: str, value: object) -> None:
    settings = Settings.load(data_dir=tmp_path, duckdb_threads=3, duckdb_memory_limit="200MB")
    with open_engine(settings) as engine, session(engine) as duck:
        assert duck.execute(f"SELECT current_setting('{setting}')").fetchall() == [(value,)]


def test_an_engine_spills_into_the_data_directory(tmp_path: Path) -> None:
    settings = Settings.load(data_dir=tmp_path / "data")
    with open_engine(settings) as engine:
        place = engine.execute("SELECT current_setting('temp_directory')").fetchall()
    assert place == [(str(tmp_path / "data" / "tmp" / "duckdb"),)]
    assert (tmp_path / "data" / "tmp" / "duckdb").is_dir()


def test_an_engine_reads_the_footer_of_an_object_that_was_replaced(tmp_path: Path) -> None:
    path, other = tmp_path / "object.parquet", tmp_path / "other.parquet"
    an_hour_ago = time.time_ns() - 3_600_000_000_000  # kept footers of fresh files are not used at all
    found = []
    with open_engine(Settings.load(data_dir=tmp_path)) as engine:
        for rows in (10, 20, 30):
            engine.execute(f"COPY (SELECT {rows} AS amount FROM range({rows})) TO {literal(str(other))}")
            os.utime(other, ns=(an_hour_ago, an_hour_ago + rows))
            other.replace(path)
            select = f"SELECT count(*), sum(amount) FROM {parquet_scan([path])}"
            found += [engine.execute(select).fetchall() for _ in range(2)]
    assert found == [[(10, 100)], [(10, 100)], [(20, 400)], [(20, 400)], [(30, 900)], [(30, 900)]]


def test_a_parsed_statement_reads_what_its_session_holds(tmp_path: Path) -> None:
    found = []
    with open_engine(Settings.load(data_dir=tmp_path)) as engine:
        for columns in ("1 AS tokens", "'two' AS tokens, 3 AS messages"):
            with session(engine) as duck:
                duck.execute(f"CREATE TEMP VIEW records AS SELECT {columns}")
                found += execute_parsed(duck, "SELECT *, $day FROM records", {"day": "today"}).fetchall()
    assert found == [(1, "today"), ("two", 3, "today")]


def test_an_engine_parses_what_another_has_parsed(tmp_path: Path) -> None:
    for _ in range(2):
        with open_engine(Settings.load(data_dir=tmp_path)) as engine, session(engine) as duck:
            assert execute_parsed(duck, "SELECT 1").fetchall() == [(1,)]


def test_what_a_session_creates_is_its_own(tmp_path: Path) -> None:
    with open_engine(Settings.load(data_dir=tmp_path)) as engine:
        with session(engine) as first:
            first.execute("CREATE TEMP VIEW things AS SELECT 1 AS amount")
            with session(engine) as second, pytest.raises(duckdb.CatalogException, match="things"):
                second.execute("FROM things")
        with session(engine) as later, pytest.raises(duckdb.CatalogException, match="things"):
            later.execute("FROM things")


def test_a_closed_engine_is_closed(tmp_path: Path) -> None:
    with open_engine(Settings.load(data_dir=tmp_path)) as engine:
        pass
    with pytest.raises(duckdb.ConnectionException):
        engine.execute("SELECT 1")


def test_a_storage_opens_its_engine_when_somebody_asks_for_it(settings: Settings) -> None:
    spill = settings.data_dir / "tmp" / "duckdb"
    with open_storage(settings) as storage:
        assert not spill.exists()
        assert storage.engine.execute("SELECT 1").fetchall() == [(1,)]
        assert spill.exists()


def test_all_who_ask_a_storage_share_one_engine(settings: Settings) -> None:
    with open_storage(settings) as storage:
        storage.engine.execute("CREATE TABLE things (amount INTEGER)")
        assert replace(storage, settings=settings).engine.execute("FROM things").fetchall() == []


def test_threads_that_ask_a_storage_at_once_share_one_engine(settings: Settings) -> None:
    with open_storage(settings) as storage, ThreadPoolExecutor(8) as pool:
        ready = Barrier(8)

        def ask(_: int) -> duckdb.DuckDBPyConnection:
            ready.wait()
            return storage.engine

        assert set(pool.map(ask, range(8))) == {storage.engine}


def test_the_engine_of_a_closed_storage_is_closed(settings: Settings) -> None:
    with open_storage(settings) as storage:
        engine = storage.engine
    with pytest.raises(duckdb.ConnectionException):
        engine.execute("SELECT 1")


@pytest.mark.parametrize("text", ["", "plain", "o'brien", "''", "a\\'b", "new\nline", "$1"])
def test_a_literal_is_the_text(text: str) -> None:
    with duckdb.connect() as duck:
        assert duck.execute(f"SELECT {literal(text)}").fetchall() == [(text,)]


@pytest.mark.parametrize(
    ("error", "readings"),
    [
        (duckdb.IOException("an object was replaced"), 5),
        (PartitionError("an object is gone"), 5),
        (duckdb.OutOfMemoryException("no room"), 1),
        (UndecidedDaysError("prices.yaml is broken", []), 1),
        (UnstorableError("a total of 40 digits"), 1),
    ],
)
def test_objects_are_read_again_unless_that_would_be_the_same(error: Exception, readings: int) -> None:
    read = []

    @undisturbed
    def fail() -> None:
        read.append("once")
        raise error

    with pytest.raises(type(error)):
        fail()
    assert len(read) == readings
