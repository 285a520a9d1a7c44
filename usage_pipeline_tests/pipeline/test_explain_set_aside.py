"""What is said of skipped and superseded lines, which nothing keeps: their file is read again."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from usage_pipeline.errors import QueryError
from usage_pipeline.pipeline.explain import explain
from usage_pipeline.settings import Settings
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import raise_first_kept
from usage_pipeline_tests.conftest import FillOnce, OpenOn
from usage_pipeline_tests.support import Landing, land_and_compute

CHAT: dict[str, Any] = {
    "description": "A chat that writes an answer again while it grows.",
    "format": "jsonl",
    "identity": ["$.id"],
    "tenant": "$.team",
    "type": {"constant": "request"},
    "skip": [{"field": "$.kind", "is": ["note", "title"]}, {"field": ["$.out", "$.in"], "is": "absent"}],
    "repeats": "last",
    "times": {"occurred_at": {"field": "$.at", "format": "iso"}},
    "fields": {"tokens_out": "$.out"},
}
TASKS = {**CHAT, "each": "$.answers[*]", "tenant": "$line.team"}
"""The same, with several answers in a line."""
CHAT_FILE, TASK_FILE = "chat/2026-05-01/events.jsonl", "tasks/2026-05-01/events.jsonl"


def answer(record_id: str, out: int | None, second: int = 0, **fields: object) -> dict[str, object]:
    return {"id": record_id, "team": "acme", "at": f"2026-05-01T08:00:0{second}Z", "out": out, **fields}


def land_chats(storage: Storage) -> None:
    """Land and compute a file of both formats."""
    landing = Landing(storage.settings.landing)
    note, bad = answer("n", 1, kind="note"), answer("c", 1) | {"at": "yesterday"}
    landing.write("chat", "2026-05-01", [answer("a", 1), note, answer("a", 2, 1), answer("b", None), bad, ""])
    several = [answer("a", 1), answer("b", 5), answer("a", 9, 1), note]
    landing.write("tasks", "2026-05-01", [{"team": "acme", "answers": several}, {"team": "acme"}])
    land_and_compute(storage, "records")


@pytest.fixture
def chats(
    new_settings: Callable[..., Settings], open_on: OpenOn, fill_once: FillOnce, tmp_path: Path
) -> Iterator[Storage]:
    """A file of both formats, landed and computed."""
    folder = tmp_path / "formats"
    folder.mkdir()
    for name, keys in {"chat": CHAT, "tasks": TASKS}.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(keys))
    with open_on(new_settings(formats_dir=folder)) as storage:
        fill_once(storage, land_chats)
        yield storage


def became(storage: Storage, place: str) -> list[tuple[int, str, str | None]]:
    """Event, verdict and what decided it."""
    return [(line.landing_event, line.verdict, line.decided_by) for line in explain(storage, place)]


def test_a_line_that_counts_nowhere_is_explained_by_what_decided_it(chats: Storage) -> None:
    assert became(chats, f"{CHAT_FILE}:1") == [(1, "superseded", f"{CHAT_FILE}:3")]
    assert became(chats, f"{CHAT_FILE}:2") == [(1, "skipped", "skip: {field: $.kind, is: [note, title]}")]
    assert became(chats, f"{CHAT_FILE}:3") == [(1, "counted", None)]
    assert became(chats, f"{CHAT_FILE}:4") == [(1, "skipped", "skip: {field: [$.out, $.in], is: absent}")]
    assert became(chats, f"{TASK_FILE}:1") == [
        (1, "superseded", f"{TASK_FILE}:1:3"),
        (2, "counted", None),
        (3, "counted", None),
        (4, "skipped", "skip: {field: $.kind, is: [note, title]}"),
    ]
    assert became(chats, f"{TASK_FILE}:1:1") == [(1, "superseded", f"{TASK_FILE}:1:3")]
    assert became(chats, f"{TASK_FILE}:1:3") == [(3, "counted", None)]
    assert became(chats, f"{TASK_FILE}:2") == [(1, "skipped", "each: no event at $.answers[*]")]


def test_a_superseded_line_is_shown_with_its_own_values(chats: Storage) -> None:
    (line,) = explain(chats, f"{CHAT_FILE}:1")
    assert (line.tenant_id, line.source, line.record_id, line.type) == ("acme", "chat", "a", "request")
    assert (str(line.occurred_at), str(line.event_day)) == ("2026-05-01 08:00:00", "2026-05-01")
    assert (line.record["tokens_out"], line.record["landing_line"], line.metrics) == (1, 1, {})


def test_for_a_rejected_or_blank_line_the_command_for_rejected_ones_is_named(chats: Storage) -> None:
    for path, place, told in (
        (CHAT_FILE, "5", "line 5"),
        (CHAT_FILE, "6", "line 6"),
        (TASK_FILE, "1:7", "event 7 of line 1"),
    ):
        with pytest.raises(QueryError) as raised:
            explain(chats, f"{path}:{place}")
        assert str(raised.value) == (
            f"{path} has no accepted {told}; `usage-pipeline rejects --file {path}` has its rejected lines."
        )


KNOWN = (
    f"{CHAT_FILE} has no accepted line 1. Of its 6 lines, 2 were skipped, 1 superseded and 1 rejected; which ones "
    "cannot be told, because "
)


def test_without_the_file_only_the_counts_are_known(chats: Storage) -> None:
    (chats.settings.landing / CHAT_FILE).unlink()
    with pytest.raises(QueryError) as raised:
        explain(chats, f"{CHAT_FILE}:1")
    assert str(raised.value) == f"{KNOWN}it is not in the landing folder any more, or its format is not there."


def test_of_a_file_that_retention_removed_only_the_counts_are_known(chats: Storage) -> None:
    (chats.settings.landing / CHAT_FILE).unlink()
    with chats.warehouse.begin() as connection:
        (file,) = (file for file in landed_files.files(connection) if file.path == CHAT_FILE)
        landed_files.record_files(connection, [replace(file, pruned_at=datetime(2026, 8, 1, tzinfo=UTC))])
    with pytest.raises(QueryError) as raised:
        explain(chats, f"{CHAT_FILE}:1")
    assert str(raised.value) == f"{KNOWN}it was removed past its term, on 2026-08-01."


def test_of_a_pruned_record_no_line_is_told(chats: Storage) -> None:
    with chats.warehouse.begin() as connection:
        raise_first_kept(connection, {"acme": date(2026, 5, 2)})
    with pytest.raises(QueryError, match=r"has no accepted line 1; .* Records before 2026-05-02 are pruned"):
        explain(chats, f"{CHAT_FILE}:1")


def test_of_a_changed_file_only_the_counts_are_known(chats: Storage) -> None:
    Landing(chats.settings.landing).write("chat", "2026-05-01", [answer("z", 1)])
    with pytest.raises(QueryError) as raised:
        explain(chats, f"{CHAT_FILE}:1")
    assert str(raised.value) == f"{KNOWN}it has changed since; `usage-pipeline run` lands it again."


def test_a_line_that_landed_by_another_format_is_read_by_that_of_today(chats: Storage) -> None:
    assert chats.settings.formats_dir is not None
    (chats.settings.formats_dir / "chat.yaml").write_text(yaml.safe_dump({**CHAT, "repeats": "first"}))
    by_others = "by today's format and rules; the file landed by others"
    assert became(chats, f"{CHAT_FILE}:2") == [
        (1, f"skipped {by_others}", "skip: {field: $.kind, is: [note, title]}")
    ]
    with pytest.raises(QueryError, match="has no accepted line 1"):
        explain(chats, f"{CHAT_FILE}:1")
