"""One writer per partition: the second waits, and says so when it has waited long enough."""

import subprocess
import sys
from contextlib import ExitStack, closing
from datetime import date

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine, text

from usage_pipeline.errors import LockTimeoutError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.locks import is_alive, partition_locks, run_lock, sole_lock
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.storage.things import DAY, NEXT_DAY

HOLD_A_LOCK = """
import sys
from datetime import date
from usage_pipeline.settings import Settings
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.warehouse import connect_warehouse

settings = Settings.load(database_url=sys.argv[1])
with partition_locks(connect_warehouse(settings), "things", [date(2026, 5, 1)], 1):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_of_a_partition_gives_up_with_a_clear_text(storage: Storage) -> None:
    with (
        partition_locks(storage.warehouse, "things", [DAY], 1),
        pytest.raises(LockTimeoutError) as error,
        partition_locks(storage.warehouse, "things", [DAY], 1),
    ):
        pass
    assert str(error.value) == (
        "things of 2026-05-01 is being written by another process, for more than 1 s. "
        "Try again when it is done, or raise USAGE_LOCK_TIMEOUT_SECONDS."
    )


@pytest.mark.parametrize(("table", "day"), [("things", NEXT_DAY), ("others", DAY)])
def test_another_partition_is_free(storage: Storage, table: str, day: date) -> None:
    with (
        partition_locks(storage.warehouse, "things", [DAY], 1),
        partition_locks(storage.warehouse, table, [day], 1),
    ):
        pass


def test_a_lock_is_free_after_its_writer(storage: Storage) -> None:
    for _ in range(2):
        with partition_locks(storage.warehouse, "things", [DAY], 1):
            pass


def test_who_gets_the_connection_of_a_writer_waits_for_locks_without_end(storage: Storage) -> None:
    with partition_locks(storage.warehouse, "things", [DAY], 1) as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar()
    asked = text("SELECT pg_backend_pid(), current_setting('lock_timeout')")
    with ExitStack() as opened:
        connections = [opened.enter_context(storage.warehouse.connect()) for _ in range(4)]
        timeouts = dict(tuple(connection.execute(asked).one()) for connection in connections)
    assert timeouts[pid] == "0"


def test_a_lock_is_free_after_its_writer_failed(storage: Storage) -> None:
    with pytest.raises(ZeroDivisionError), partition_locks(storage.warehouse, "things", [DAY], 1):
        _ = 1 / 0
    with partition_locks(storage.warehouse, "things", [DAY], 1):
        pass


def test_the_lock_of_a_killed_process_is_free(storage: Storage, settings: Settings) -> None:
    assert settings.database_url is not None
    command = [sys.executable, "-c", HOLD_A_LOCK, settings.database_url.get_secret_value()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockTimeoutError), partition_locks(storage.warehouse, "things", [DAY], 1):
            pass
        holder.kill()
    with partition_locks(storage.warehouse, "things", [DAY], 5):
        pass


def test_of_several_days_none_may_be_taken(storage: Storage) -> None:
    with (
        partition_locks(storage.warehouse, "things", [NEXT_DAY], 1),
        pytest.raises(LockTimeoutError, match="A day of things from 2026-05-01 to 2026-05-02 is being written"),
        partition_locks(storage.warehouse, "things", [DAY, NEXT_DAY], 1),
    ):
        pass


def test_who_did_not_get_all_locks_keeps_none(storage: Storage) -> None:
    with partition_locks(storage.warehouse, "things", [NEXT_DAY], 1):
        with pytest.raises(LockTimeoutError), partition_locks(storage.warehouse, "things", [DAY, NEXT_DAY], 1):
            pass
        with partition_locks(storage.warehouse, "things", [DAY], 1):
            pass


def test_a_sole_lock_names_its_holder_and_is_free_after_it(storage: Storage) -> None:
    with (
        sole_lock(storage.warehouse, "daemon", holder="the first") as first,
        sole_lock(storage.warehouse, "daemon", holder="the second") as second,
        sole_lock(storage.warehouse, "another", holder="the second") as another,
    ):
        assert (first, second, another) == (None, "the first", None)
    with sole_lock(storage.warehouse, "daemon", holder="the third") as third:
        assert third is None


def test_a_server_that_ends_idle_sessions_does_not_end_the_lock_of_a_run(
    storage: Storage, settings: Settings
) -> None:
    assert settings.database_url is not None
    options = "-c idle_session_timeout=500"
    impatient = create_engine(storage.warehouse.url, poolclass=NullPool, connect_args={"options": options})
    alive = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
    url = settings.database_url.get_secret_value()
    with (
        storage.warehouse.connect() as asking,
        run_lock(impatient, "r1"),
        closing(psycopg.connect(url, options=options)) as later,
    ):
        while asking.execute(alive, {"pid": later.info.backend_pid}).scalar():
            asking.rollback()
        assert is_alive(asking, "r1")
