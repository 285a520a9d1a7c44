"""Which errors pass by themselves, so that a run is tried again: faults of the surroundings only."""

import errno
from pathlib import Path

import duckdb
import psycopg
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from usage_pipeline.errors import FormatError, LockTimeoutError, PartitionError, WarehouseError
from usage_pipeline.pipeline.faults import is_passing

AWAY = OperationalError("SELECT 1", {}, psycopg.OperationalError("connection refused"))
SHUT_DOWN = OperationalError("SELECT 1", {}, psycopg.errors.AdminShutdown())
DISK_FULL = OperationalError("INSERT", {}, psycopg.errors.DiskFull())
DOUBLE = IntegrityError("INSERT", {}, psycopg.errors.UniqueViolation())


@pytest.mark.parametrize(
    "error",
    [
        LockTimeoutError(""),
        WarehouseError(""),
        AWAY,
        SHUT_DOWN,
        DISK_FULL,
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EIO, "Input/output error"),
        duckdb.IOException("Could not write to file: No space left on device"),
    ],
    ids=repr,
)
def test_a_fault_of_the_surroundings_passes(error: Exception) -> None:
    assert is_passing(error)


def test_no_room_to_spill_passes(tmp_path: Path) -> None:
    config = {"memory_limit": "20MB", "temp_directory": str(tmp_path)}
    with duckdb.connect(config=config) as duck:
        duck.execute("SET max_temp_directory_size = '1MB'")
        with pytest.raises(duckdb.OutOfMemoryException) as fault:
            duck.execute("CREATE TEMP TABLE wide AS SELECT range, md5(CAST(range AS VARCHAR)) FROM range(1000000)")
    assert is_passing(fault.value)


@pytest.mark.parametrize(
    "error",
    [
        PartitionError(""),
        FormatError(""),
        DOUBLE,
        FileNotFoundError(errno.ENOENT, "No such file or directory"),
        duckdb.IOException("No files found that match the pattern"),
        duckdb.ConversionException(""),
        duckdb.OutOfMemoryException("failed to pin block"),
        ValueError(""),
    ],
    ids=repr,
)
def test_an_error_of_data_code_or_settings_does_not(error: Exception) -> None:
    assert not is_passing(error)
