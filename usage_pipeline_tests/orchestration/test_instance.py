"""Dagster's instance lies where the settings say."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import NullPool, create_engine, event, inspect, make_url, text

from usage_pipeline.errors import SettingsError
from usage_pipeline.orchestration.dagster_database import TABLES_LOCK, engine_of
from usage_pipeline.orchestration.instance import open_instance, project_dir
from usage_pipeline.storage.locks import named_lock
from usage_pipeline.storage.postgres import ensure_database

CHECKOUT = Path(__file__).parents[2]


def test_the_project_is_the_current_folder_where_it_has_a_dagster_yaml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    (tmp_path / "dagster.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    assert project_dir() == tmp_path


def test_elsewhere_the_project_is_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert project_dir() == CHECKOUT


def test_a_dagster_home_without_a_dagster_yaml_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with pytest.raises(SettingsError) as error:
        project_dir()
    assert str(error.value) == (
        f"There is no dagster.yaml in {tmp_path}. Run from the project's folder, or set DAGSTER_HOME to it."
    )


def test_the_instance_keeps_runs_in_its_database_and_files_below_the_data_directory(
    database: str, tmp_path: Path
) -> None:
    with open_instance() as instance:
        assert make_url(instance.run_storage.postgres_url).database == database
        assert instance.get_runs() == []
        assert Path(instance.storage_directory()).is_relative_to(tmp_path)


def test_an_instance_waits_while_another_makes_the_tables(server: str, database: str) -> None:
    def runs() -> list[dg.DagsterRun]:
        with open_instance() as instance:
            return list(instance.get_runs())

    url = make_url(server).set(database=database)
    ensure_database(url)
    watching = create_engine(url, poolclass=NullPool)
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE datname = :database AND wait_event = 'advisory'")
    with ThreadPoolExecutor() as pool:
        with named_lock(watching, TABLES_LOCK), watching.connect() as connection:
            opened = pool.submit(runs)
            while not connection.execute(waiting, {"database": database}).scalar_one():
                assert not opened.done()
                connection.rollback()
            assert inspect(connection).get_table_names() == []
        assert opened.result() == []


def test_a_kept_connection_is_used_again_and_replaced_when_it_is_gone(server: str, database: str) -> None:
    watching = create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def backends() -> set[int]:
        query = text("SELECT pid FROM pg_stat_activity WHERE datname = :database")
        with watching.connect() as connection:
            return set(connection.execute(query, {"database": database}).scalars())

    with open_instance() as instance:
        assert instance.get_runs() == []
        kept = backends()
        assert instance.get_runs() == []
        assert backends() == kept != set()
        with watching.connect() as connection:
            for pid in kept:
                connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        assert instance.get_runs() == []
        assert backends().isdisjoint(kept)


@pytest.mark.usefixtures("database")
def test_a_process_asks_once_what_the_database_has() -> None:
    def use(*, asked: list[str]) -> None:
        with open_instance() as instance:
            listener = engine_of(instance.run_storage.postgres_url), "before_cursor_execute"
            event.listen(*listener, lambda *told: asked.append(told[2]))
            instance.run_storage.add_run(dg.DagsterRun("job", tags={}))
            assert instance.all_instigator_state() == []

    first, second = list[str](), list[str]()
    use(asked=first)
    use(asked=second)
    assert any("pg_catalog" in statement for statement in first)
    assert not any("pg_catalog" in statement for statement in second)
