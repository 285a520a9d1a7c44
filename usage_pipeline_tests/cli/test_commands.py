"""Wrong calls and errors, and the help of every command."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from usage_pipeline.cli.app import CommandTable, app, main


def test_a_wrong_question_ends_with_exit_code_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["usage-pipeline", "usage", "--group-by", "colour"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2


def test_a_data_directory_that_is_a_file_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "afile").touch()
    monkeypatch.setenv("USAGE_DATA_DIR", str(tmp_path / "afile"))
    monkeypatch.setattr("sys.argv", ["usage-pipeline", "days"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("Error: ")


def test_the_embedded_database_refuses_a_path_that_a_shell_would_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a;b").mkdir()
    monkeypatch.setenv("USAGE_DATA_DIR", str(tmp_path / "a;b"))
    monkeypatch.setattr("sys.argv", ["usage-pipeline", "days"])
    with pytest.raises(SystemExit):
        main()
    assert "the embedded PostgreSQL cannot run in a path with ';'" in capsys.readouterr().err


def test_a_mistyped_command_is_told_the_one_that_was_meant() -> None:
    assert "Did you mean 'recompute'?" in CliRunner().invoke(app, ["recompte"]).stderr


def test_an_error_is_one_message_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("USAGE_LATENESS_DAYS", "soon")
    monkeypatch.setattr("sys.argv", ["usage-pipeline", "days"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("Error: USAGE_LATENESS_DAYS='soon': ")


@pytest.mark.parametrize("command", CommandTable())
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    assert "Example: " in CliRunner().invoke(app, [command, "--help"]).stdout
