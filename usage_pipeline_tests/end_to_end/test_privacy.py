"""A text stands in `content`, in the rejected lines and in landing, and nowhere else, whatever its type."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from usage_pipeline.cli.app import app
from usage_pipeline.events.format_files import load_formats
from usage_pipeline.settings import Settings
from usage_pipeline_tests.cli.conftest import work_on
from usage_pipeline_tests.conftest import settings_of
from usage_pipeline_tests.end_to_end.planted import (
    MEMBER,
    REJECTED,
    Plants,
    database_texts,
    other_files,
    parquet_texts,
    plant,
)
from usage_pipeline_tests.support import Landing, prompt

DAY = "2026-05-01"
TIME = f"{DAY}T08:00:00Z"
COMMANDS = (
    *(("series", "--tenant", "acme", "--from", DAY, "--to", DAY), ("usage", "--group-by", "type,model,status")),
    *(("days",), ("files",), ("audit",), ("doctor",)),
)
EXIT_UNUSABLE = 3


@dataclass(frozen=True)
class Ran:
    """A deployment on which all commands were called: what they printed, and the rows of its Parquet files."""

    settings: Settings
    plants: Mapping[str, Plants]
    printed: Mapping[str, str]
    stored: Sequence[tuple[str, str]]

    @property
    def markers(self) -> list[str]:
        """The markers of accepted lines."""
        return [marker for plants in self.plants.values() for marker in (*plants.kept, *plants.dropped)]

    @property
    def kept(self) -> list[str]:
        """Those that stand where the format expects a text."""
        return [marker for plants in self.plants.values() for marker in plants.kept]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, new_databases: Callable[[], tuple[str, str]]) -> Iterator[Ran]:
    """All shipped formats, landed and computed by the jobs of Dagster, and asked for by every command."""
    database_url, dagster_url = new_databases()
    settings = settings_of(tmp_path_factory.mktemp("privacy"), database_url, dagster_database_url=dagster_url)
    plants = {
        name: plant(source_format)
        for name, source_format in load_formats(settings).items()
        if source_format.content
    }
    deliver(Landing(settings.landing), plants)
    with pytest.MonkeyPatch.context() as monkeypatch:
        work_on(settings, dagster_url, monkeypatch)
        yield Ran(settings, plants, dict(printed()), list(parquet_texts(settings.data_dir)))


def deliver(landing: Landing, plants: Mapping[str, Plants]) -> None:
    """The planted lines; and lines that lose, are rejected, or cannot be read."""
    for name, found in plants.items():
        landing.write(name, DAY, found.lines, tenant="acme")
    said = prompt("said", TIME, prompt=plants["persona"].kept[0], userId=MEMBER)
    landing.write("persona", DAY, [said, said, {**said, "tokensIn": 1}], tenant="acme", name="again.jsonl")
    rejected = [prompt("e1", TIME, prompt=REJECTED, tokensIn="many"), f'{{"prompt": "{REJECTED}']
    landing.write("persona", DAY, rejected, tenant="acme", name="rejected.jsonl")
    landing.write("persona", DAY, [], name="broken.jsonl").with_name("broken.jsonl.gz").write_text(REJECTED)


def printed() -> Iterator[tuple[str, str]]:
    """What each command prints on both of its streams, in every form that it has."""
    ran = CliRunner().invoke(app, ["run"])
    assert ran.exit_code == EXIT_UNUSABLE
    yield "run", ran.output
    for command, *options in (*COMMANDS, ("explain", "said"), ("rejects",)):
        for form in [] if command == "doctor" else ["table", "json", "csv"]:
            result = CliRunner().invoke(app, [command, *options, "--format", form])
            assert result.exit_code == 0, result.output
            yield f"{command} as {form}", result.output
    yield "doctor", CliRunner().invoke(app, ["doctor"]).output


def holding(texts: Iterable[tuple[str, str]], markers: Collection[str]) -> set[str]:
    """Where any of the markers stands."""
    return {place for place, text in texts for marker in markers if marker in text}


def test_every_text_of_an_accepted_line_stands_in_content(ran: Ran) -> None:
    content = "".join(text for table, text in ran.stored if table == "content")
    assert [marker for marker in ran.kept if marker not in content] == []


def test_no_other_table_of_lake_and_rollups_holds_a_text(ran: Ran) -> None:
    tables = dict(ran.stored)
    assert {"landed_events", "usage_records", "conflicts", "daily_usage"} <= tables.keys()
    assert holding(ran.stored, ran.markers) == {"content"}


def test_of_a_rejected_line_only_rejected_lines_holds_the_text(ran: Ran) -> None:
    assert holding(ran.stored, [REJECTED]) == {"rejected_lines"}


def test_no_text_stands_where_an_object_with_texts_was_expected(ran: Ran) -> None:
    dropped = [marker for plants in ran.plants.values() for marker in plants.dropped]
    assert dropped
    assert holding(ran.stored, dropped) == set()


@pytest.mark.parametrize("database", ["database_url", "dagster_database_url"])
def test_no_database_holds_a_text(ran: Ran, database: str) -> None:
    texts = list(database_texts(secret(ran.settings, database)))
    assert len(texts) > len(ran.plants)
    assert holding(texts, [*ran.markers, REJECTED]) == set()


def test_dagster_knows_no_member(ran: Ran) -> None:
    assert holding(ran.stored, [MEMBER]) >= {"landed_events", "usage_records"}
    assert holding(database_texts(secret(ran.settings, "dagster_database_url")), [MEMBER]) == set()


def test_no_log_holds_a_text_or_a_member(ran: Ran) -> None:
    files = list(other_files(ran.settings.data_dir))
    assert holding(files, [*ran.markers, REJECTED, MEMBER]) == set()


def test_commands_print_no_text_but_that_of_rejected_lines(ran: Ran) -> None:
    assert holding(ran.printed.items(), ran.markers) == set()
    assert holding(ran.printed.items(), [REJECTED]) == {"rejects as json", "rejects as csv"}


def secret(settings: Settings, name: str) -> str:
    return str(getattr(settings, name).get_secret_value())
