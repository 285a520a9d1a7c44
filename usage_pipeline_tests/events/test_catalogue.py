"""What a record of each type counts as."""

from pathlib import Path

import pytest

from usage_pipeline.errors import FormatError
from usage_pipeline.events.catalogue import EventType, event_types, find, load_catalogue

PERSONA_TYPES = {
    "persona_create",
    "persona_prompt",
    "persona_list",
    "persona_update",
    "persona_delete",
    "persona_timeline_append",
    "persona_timeline_supersede",
    "persona_consistency_check",
    "file_upload",
    "timeline_reconcile_job",
}


def test_the_ten_types_of_the_persona_platform_are_requests() -> None:
    catalogue = load_catalogue()
    assert {name for name in PERSONA_TYPES if catalogue[name].counts.get("requests") == 1} == PERSONA_TYPES


@pytest.mark.parametrize("name", ["prompt", "persona_prompt", "message_send"])
def test_a_prompt_with_its_response_is_two_messages_and_a_failed_one_is_one(name: str) -> None:
    prompt = load_catalogue()[name]
    assert (prompt.counts["prompts"], prompt.messages, prompt.messages_if_failed) == (1, 2, 1)


def test_a_message_record_stands_for_as_many_messages_as_its_count_says() -> None:
    assert load_catalogue()["message"].messages == "count"


def test_a_conversation_record_counts_its_count() -> None:
    assert load_catalogue()["conversation"].conversations == "count"


@pytest.mark.parametrize(
    ("name", "meter"),
    [
        ("persona_create", "personas_created"),
        ("persona_delete", "personas_deleted"),
        ("persona_timeline_append", "timeline_appended"),
        ("persona_timeline_supersede", "timeline_superseded"),
        ("file_upload", "files"),
    ],
)
def test_only_this_type_moves_the_meter(name: str, meter: str) -> None:
    assert [entry for entry, type_ in load_catalogue().items() if type_.counts.get(meter)] == [name]


def test_only_consistency_checks_are_checks() -> None:
    found = [entry for entry, type_ in load_catalogue().items() if type_.checks]
    assert found == ["persona_consistency_check"]


def test_a_type_is_found_by_its_name_before_any_pattern() -> None:
    assert find("message_send") == load_catalogue()["message_send"]


def test_a_type_without_an_entry_is_found_by_a_pattern_and_counts_nothing() -> None:
    assert find("command_add") == EventType()


def test_an_unknown_type_is_not_found() -> None:
    assert find("persona_clone") is None


def test_patterns_have_no_row_in_the_table_that_sql_joins() -> None:
    assert [row[0] for row in event_types().rows if "*" in str(row[0])] == []


def test_a_failed_record_counts_like_any_other_unless_its_type_says_otherwise() -> None:
    names = [column.name for column in event_types().columns]
    rows = {row[0]: dict(zip(names, row, strict=True)) for row in event_types().rows}
    assert (rows["request"]["messages"], rows["request"]["messages_if_failed"]) == (0, 0)
    assert (rows["prompt"]["messages"], rows["prompt"]["messages_if_failed"]) == (2, 1)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        pytest.param("ping: {pongs: 1}", "ping.pongs", id="unknown meter"),
        pytest.param("ping: {requests: 2}", "ping.requests", id="more than one request"),
        pytest.param("ping: {messages: many}", "ping.messages", id="no number"),
        pytest.param("ping_*: {requests: 1}", "ping_*", id="a pattern that counts"),
        pytest.param("ping: 5", "ping", id="no entry"),
    ],
)
def test_a_broken_entry_is_an_error_that_names_file_entry_and_key(
    tmp_path: Path, content: str, named: str
) -> None:
    file = tmp_path / "catalogue.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(FormatError) as error:
        load_catalogue(file)
    assert str(error.value).startswith(f"{file}: {named}")
