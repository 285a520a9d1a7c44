"""What is printed of a result, to the letter."""

from pathlib import Path

import pytest

from usage_pipeline.cli.demo.next_steps import commands, places
from usage_pipeline.cli.demo.summary import print_summary
from usage_pipeline.settings import Settings
from usage_pipeline_tests.cli.demo.told import EXPECTED, RESULT


def test_the_summary_tells_all(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(RESULT)
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [*EXPECTED.splitlines(), ""]


def test_places_are_named_from_here_where_they_lie_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert list(places(Settings.load(reference_dir=Path("/etc/usage")))) == [
        " data/landing     the logs, as a platform writes them",
        " /etc/usage       tenants, plans, prices, credit rates and limits",
        " data/truth.json  the totals of the logs, counted while they were written",
        " data/lake        records, rejected lines and texts, as Parquet",
        " data/rollups     usage by day and quarter of an hour, as Parquet",
        " data/postgres    the series and the state",
    ]


def test_a_server_of_your_own_is_named_by_its_variable() -> None:
    (found,) = [
        line for line in places(Settings.load(database_url="postgresql://db/usage")) if "the series" in line
    ]
    assert found.split()[0] == "USAGE_DATABASE_URL"


def test_commands_name_the_data_directory_where_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.prefix", "/nowhere")
    option = " --data-dir demo-data"
    assert [line for line in commands(RESULT, Path("demo-data")) if option in line] == [
        f" usage-pipeline dev{option}",
        f" usage-pipeline rejects{option}",
        f" usage-pipeline usage --group-by tenant,model{option}",
        f" usage-pipeline series --tenant a --from 2026-05-28{option}",
        f" usage-pipeline credits --tenant b{option}",
        f" usage-pipeline explain e1 --tenant a{option}",
        f" usage-pipeline report --tenant a --from 2026-05-28 --to 2026-05-30 --format pdf,html,xlsx{option}",
    ]


def test_commands_tell_how_to_put_them_on_the_path_where_they_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.prefix", str(tmp_path / ".venv"))
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "activate").touch()
    assert list(commands(RESULT, None))[:4] == [
        " . .venv/bin/activate",
        "     puts `usage-pipeline` on the path",
        " make dev",
        "     all tables and days in Dagster, in a browser",
    ]
