"""The command `export`: records as JSON lines or CSV, printed or in a file that is never half."""

import csv
import json
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from usage_pipeline.cli import progress
from usage_pipeline.cli.app import app
from usage_pipeline.errors import PartitionError, QueryError
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.lake import Lake
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import raise_first_kept
from usage_pipeline_tests.conftest import OpenOn
from usage_pipeline_tests.listing.lists import land


@pytest.fixture(scope="module")
def settings(open_shared: Callable[..., Storage]) -> Settings:
    return land(open_shared()).settings


def _ids(lines: str) -> list[str]:
    return [json.loads(line)["id"] for line in lines.splitlines()]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--tenant", "acme"], ["p2", "a5", "a4", "a3", "p1", "a2", "a1"]),
        (["--from", "2026-05-21", "--to", "2026-05-22", "--oldest-first"], ["g1", "a4", "a5"]),
        (["--tenant", "acme", "--where", "meta[region]=eu", "--where", "meta[region]=us"], ["a2", "a1"]),
        (["--where", "conversationId=c1", "--where", "type=token"], ["a5", "a3", "a2", "a1"]),
        (["--where", 'meta[a/b]={"c":[1]}'], ["a1"]),
        (["--where", "botId=="], []),
    ],
)
def test_records_are_printed_as_json_lines(
    call: Callable[..., str], options: list[str], expected: list[str]
) -> None:
    assert _ids(call("export", *options)) == expected


def test_csv_has_a_header(call: Callable[..., str]) -> None:
    head, *rows = csv.reader(StringIO(call("export", "--tenant", "globex", "--format", "csv"), newline=""))
    assert [dict(zip(head, row, strict=True))["id"] for row in rows] == ["g1", "a2"]


def test_a_file_takes_the_place_of_the_one_that_is_there_when_it_is_whole(
    call: Callable[..., str], settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "new" / "acme.jsonl"
    printed = call("export", "--tenant", "acme", "--out", str(file))
    assert printed == f"{file}: {file.stat().st_size:,} bytes\n"
    assert _ids(file.read_text()) == ["p2", "a5", "a4", "a3", "p1", "a2", "a1"]
    broken = Lake(settings.data_dir).object(USAGE_RECORDS.spec, date(2026, 5, 20))
    content = broken.read_bytes()
    try:
        broken.write_bytes(b"no Parquet")
        with pytest.raises(PartitionError, match="An object cannot be read"):
            call("export", "--out", str(file))
    finally:
        broken.write_bytes(content)
    assert len(_ids(file.read_text())) == 7
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--where", "colour=red"], "There is no filter 'colour'; expected one of type, conversationId"),
        (["--where", "type"], "--where 'type': expected name=value, such as conversationId=c1 or meta"),
        (
            ["--from", "2026-05-02", "--to", "2026-05-01"],
            "2026-05-02 to 2026-05-01: the first day is after the last",
        ),
        (["--out", "."], r"--out \.: expected a file, found a folder"),
    ],
)
def test_wrong_calls_are_refused(call: Callable[..., str], options: list[str], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        call("export", *options)


def test_the_data_directory_is_not_for_exports(call: Callable[..., str], settings: Settings) -> None:
    target = settings.landing / "persona" / "2026-05-30" / "acme.jsonl"
    with pytest.raises(QueryError, match="it is in the data directory, where files belong to the pipeline"):
        call("export", "--out", str(target))
    assert not target.exists()


@pytest.mark.usefixtures("call")
def test_what_is_pruned_or_not_known_is_said_beside_the_records(
    new_settings: Callable[..., Settings], open_on: OpenOn
) -> None:
    own = new_settings()
    environment = {
        "USAGE_DATA_DIR": str(own.data_dir),
        "USAGE_DATABASE_URL": own.database_url.get_secret_value() if own.database_url else "",
    }
    with open_on(own) as storage:
        land(storage)
        with storage.warehouse.begin() as connection:
            raise_first_kept(connection, {"acme": date(2026, 5, 22)})
    result = CliRunner(env=environment).invoke(app, ["export", "--tenant", "acme"])
    assert _ids(result.stdout) == ["p2", "a5", "a4"]
    assert "Note: Records of acme before 2026-05-22 are pruned" in result.stderr
    assert "No usage of a tenant 'acme' has landed" in result.stderr  # its series are not computed


@pytest.mark.parametrize(("patience", "shown"), [(-1, True), (1000, False)])
def test_progress_is_shown_of_what_takes_long(monkeypatch: pytest.MonkeyPatch, patience: int, shown: bool) -> None:  # noqa: FBT001 - a parameter
    output = StringIO()
    monkeypatch.setattr(progress, "error_console", Console(file=output, force_terminal=True))
    monkeypatch.setattr(progress, "_PATIENCE_SECONDS", patience)
    with progress.late_progress_bar("exporting days") as tell:
        tell(3, 4)
    assert ("exporting days" in output.getvalue() and "3/4" in output.getvalue()) is shown
