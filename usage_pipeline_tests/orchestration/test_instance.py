"""Dagster's instance lies where the settings say."""

from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from usage_pipeline.errors import SettingsError
from usage_pipeline.orchestration.instance import open_instance, project_dir

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
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"dagster_{uuid4().hex[:12]}"
    url = make_url(server).set(database=database).render_as_string(hide_password=False)
    monkeypatch.setenv("DAGSTER_HOME", str(CHECKOUT))
    monkeypatch.setenv("USAGE_DATABASE_URL", server)
    monkeypatch.setenv("USAGE_DAGSTER_DATABASE_URL", url)
    monkeypatch.setenv("USAGE_DATA_DIR", str(tmp_path))
    with open_instance() as instance:
        assert make_url(instance.run_storage.postgres_url).database == database
        assert instance.get_runs() == []
        assert Path(instance.storage_directory()).is_relative_to(tmp_path)
