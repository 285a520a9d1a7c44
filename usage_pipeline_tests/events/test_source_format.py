"""Formats: what may stand in one, and what is said of a broken one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from usage_pipeline.errors import FormatError
from usage_pipeline.events.format_files import SOURCES, load_format, load_formats
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, prompt, rows

CHATBOT: dict[str, Any] = {
    "description": "A chatbot.",
    "format": "jsonl",
    "identity": ["$.id"],
    "tenant": "$.customer",
    "type": "$.kind",
    "types": {"answer": "prompt"},
    "times": {"occurred_at": {"field": "$.at", "format": "epoch_ms"}},
    "fields": {"tokens_in": "$.usage.in", "model": '$."the model"'},
    "content": {"prompt": "$.question"},
}


@pytest.fixture
def load(tmp_path: Path) -> Callable[[dict[str, Any]], SourceFormat]:
    """Loads the chatbot's format with these keys changed; None removes one."""

    def write_and_load(changes: dict[str, Any]) -> SourceFormat:
        file = tmp_path / "chatbot.yaml"
        content = {key: value for key, value in {**CHATBOT, **changes}.items() if value is not None}
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
        return load_format(file)

    return write_and_load


@pytest.mark.parametrize("file", sorted(SOURCES.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_shipped_format_loads_under_the_name_of_its_file(file: Path) -> None:
    assert load_format(file).name == file.stem


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param(
            {"identiy": ["$.id"]}, "identiy: there is no such key; did you mean 'identity'?", id="unknown key"
        ),
        pytest.param({"name": "other"}, "name: ", id="another name than the file's"),
        pytest.param({"description": None}, "description: it is missing; expected one sentence", id="missing key"),
        pytest.param({"format": "xml"}, "format: expected jsonl or csv, found 'xml'", id="unknown format"),
        pytest.param(
            {"identity": []},
            "identity: expected `position`, or a list such as [$.id], found []",
            id="identity of no fields",
        ),
        pytest.param({"fields": {"tokens_inn": "$.in"}}, "fields: no column 'tokens_inn'", id="column"),
        pytest.param({"fields": {"meta": "$.meta"}}, "fields: no column 'meta'", id="derived column"),
        pytest.param(
            {"times": {"occurred_at": {"field": "$.at", "format": "rfc"}}},
            "times.occurred_at.format",
            id="time format",
        ),
        pytest.param(
            {"times": {"occurred_at": {"format": "iso"}}}, "times.occurred_at.field", id="time without field"
        ),
        pytest.param(
            {"times": {"occurred_at": {"field": "$.at", "format": "iso", "zone": "Mars/Base"}}},
            "times.occurred_at.zone",
            id="unknown zone",
        ),
        pytest.param(
            {"times": {"occurred_at": {"field": "$.at", "format": "epoch_ms", "zone": "UTC"}}},
            "times.occurred_at",
            id="zone for a time that needs none",
        ),
        pytest.param(
            {"times": {"started_at": {"field": "$.at", "format": "iso"}}},
            "times: occurred_at is missing",
            id="no occurred_at",
        ),
        pytest.param(
            {
                "times": {
                    "occurred_at": {"field": "$.at", "format": "iso"},
                    "ended_at": {"field": "$.at", "format": "iso"},
                }
            },
            "times: unknown time 'ended_at'",
            id="unknown time",
        ),
        pytest.param({"types": {"answer": "replies"}}, "types.answer", id="type not in the catalogue"),
        pytest.param({"types": {"replies": None}}, "types.replies", id="name not in the catalogue"),
        pytest.param(
            {"type": {"constant": "replies"}, "types": None},
            "type: 'replies'",
            id="constant type not in the catalogue",
        ),
        pytest.param({"type": {"constant": "prompt"}}, "types: ", id="types of a constant type"),
        pytest.param({"types": None}, "types is missing", id="no types"),
        pytest.param({"types": {"command_*": "prompt"}}, "types.command_*", id="a pattern that renames"),
        pytest.param({"meters": ["messages", "requests"]}, "fields.tokens_in brings tokens", id="a field's meter"),
        pytest.param({"meters": ["tokens", "requests"]}, "types.answer brings messages", id="a type's meter"),
        pytest.param({"times": {"occurred_at": "$.at"}}, "as {field: $.time, format: iso}", id="time as a field"),
        pytest.param({"fields": {"model": None}}, "fields.model: expected a field such as $.name", id="no field"),
        pytest.param({"fields": {"currency": "EUR"}}, "or {constant: …}", id="a bare constant"),
        pytest.param({"meters": "tokens"}, "meters: expected a list of some of tokens", id="a bare meter"),
        pytest.param({"types": {True: "event"}}, "types: expected types by name; put names such as on", id="on"),
        pytest.param({"identity": "postion"}, "identity: expected `position`, or a list", id="misspelt position"),
        pytest.param({"delivery_fields": "at"}, "delivery_fields: expected a list such as [$.attempt]", id="bare"),
        pytest.param({"tenant": 5}, "tenant: expected a field such as $.tenant", id="tenant that is a number"),
        pytest.param({"input_includes_cached": "nein"}, "expected true or false, found 'nein'", id="no bool"),
        pytest.param({"meters": ["time"]}, "meters: expected a list of some of tokens", id="unknown meter"),
    ],
)
def test_a_broken_format_is_an_error_that_names_file_and_key(
    load: Callable[[dict[str, Any]], SourceFormat], tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(FormatError) as error:
        load(changes)
    assert [part for part in (str(tmp_path / "chatbot.yaml"), named) if part not in str(error.value)] == []


@pytest.mark.parametrize(
    "path",
    [
        "in",
        "$",
        "$.",
        "$.a..b",
        "$.a[-1]",
        "$[0]",
        "$.a[x]",
        "$.a b",
        '$."a',
        "$.*",
        "$.a[b=c]",
        "$.a[=c].d",
        "$.a[b=].d",
    ],
)
def test_what_is_no_json_path_is_an_error_that_names_file_and_path(
    load: Callable[[dict[str, Any]], SourceFormat], tmp_path: Path, path: str
) -> None:
    with pytest.raises(FormatError) as error:
        load({"fields": {"tokens_in": path}})
    expected = (str(tmp_path / "chatbot.yaml"), repr(path))
    assert [part for part in expected if part not in str(error.value)] == []


def test_an_error_about_a_json_path_names_its_key(load: Callable[[dict[str, Any]], SourceFormat]) -> None:
    with pytest.raises(FormatError, match=r"fields\.tokens_in"):
        load({"fields": {"tokens_in": "tokensIn"}})


@pytest.mark.parametrize(
    "path", ["$.a[b=C d].e", '$.a[0][b="[c]"].e[1]', "$.a", "$.a.b.c", '$."a b"', '$."a.b".c', "$._a1"]
)
def test_json_path(load: Callable[[dict[str, Any]], SourceFormat], path: str) -> None:
    assert load({"fields": {"tokens_in": path}}).fields == {"tokens_in": path}


@pytest.mark.parametrize("content", ["types: [", "- jsonl", "", "description: 2026-02-30"])
def test_a_file_that_is_not_keys_and_values_is_an_error_that_names_it(tmp_path: Path, content: str) -> None:
    file = tmp_path / "chatbot.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(FormatError) as error:
        load_format(file)
    assert str(error.value).startswith(f"{file}: ")


def test_a_format_may_say_that_it_brings_no_meters(load: Callable[[dict[str, Any]], SourceFormat]) -> None:
    source_format = load({"meters": [], "fields": {"model": "$.model"}, "types": {"answer": "event"}})
    assert source_format.meters == frozenset()


def test_the_digest_changes_with_what_is_read_and_not_with_the_description(
    load: Callable[[dict[str, Any]], SourceFormat],
) -> None:
    before = load({}).digest
    assert load({"description": "Another one."}).digest == before
    assert load({"input_includes_cached": False}).digest != before


def test_each_key_at_fault_is_named_once(load: Callable[[dict[str, Any]], SourceFormat]) -> None:
    with pytest.raises(FormatError) as error:
        load({"fields": {"agent": 5, "model": {"const": "EUR"}}})
    assert [line.split(": ")[1] for line in str(error.value).splitlines()] == ["fields.agent", "fields.model"]


def test_a_format_named_yml_is_broken_and_told_how_to_name_it(tmp_path: Path) -> None:
    (tmp_path / "chatbot.yml").write_text("")
    told = load_formats(Settings.load(formats_dir=tmp_path)).broken["chatbot"]
    assert told == f"{tmp_path}/chatbot.yml: a format's name ends in .yaml; rename it to chatbot.yaml"


def test_all_broken_formats_are_told_and_the_others_are_sound(tmp_path: Path) -> None:
    (tmp_path / "chatbot.yaml").write_text(yaml.safe_dump({**CHATBOT, "format": "xml"}))
    (tmp_path / "aider.yaml").write_text("a: [")
    formats = load_formats(Settings.load(formats_dir=tmp_path))
    assert formats.broken.keys() == {"aider", "chatbot"}
    assert formats.broken["chatbot"] == f"{tmp_path}/chatbot.yaml: format: expected jsonl or csv, found 'xml'"
    assert formats.keys() == {file.stem for file in SOURCES.glob("*.yaml")} - {"aider"}


def test_hidden_files_of_editors_are_no_formats(tmp_path: Path) -> None:
    (tmp_path / "chatbot.yaml").write_text(yaml.safe_dump(CHATBOT))
    (tmp_path / ".#chatbot.yaml").symlink_to("ann@desk.4711:1796000000")
    (tmp_path / ".chatbot.yml").write_text("a: [")
    formats = load_formats(Settings.load(formats_dir=tmp_path))
    assert (formats.broken, "chatbot" in formats) == ({}, True)


def test_without_a_directory_of_ones_own_the_shipped_formats_are_known() -> None:
    assert set(load_formats(Settings.load())) == {file.stem for file in SOURCES.glob("*.yaml")}


def test_of_two_formats_with_one_name_the_users_counts(
    settings: Settings, add_format: Callable[[str, str], Path]
) -> None:
    add_format("aider", yaml.safe_dump(CHATBOT))
    assert load_formats(settings)["aider"].description == "A chatbot."


def test_a_directory_of_formats_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"USAGE_FORMATS_DIR=.*none: there is no such directory"):
        load_formats(Settings.load(formats_dir=tmp_path / "none"))


def test_one_more_file_makes_a_new_format_land(
    storage: Storage, landing: Landing, run: Callable[[], object], add_format: Callable[[str, str], Path]
) -> None:
    add_format("chatbot", yaml.safe_dump(CHATBOT))
    line = {
        "id": "a1",
        "kind": "answer",
        "customer": "acme",
        "at": 1777622400120,
        "usage": {"in": 12},
        "the model": "o3",
        "question": "Why?",
    }
    landing.write("chatbot", "2026-05-01", [line])
    run()
    names = ("tenant_id", "source", "record_id", "type", "tokens_total", "model", "messages")
    assert rows(storage, USAGE_RECORDS.spec, *names) == [("acme", "chatbot", "a1", "prompt", 12, "o3", 2)]


def test_a_broken_format_stops_its_own_source_only_and_takes_nothing_back(
    storage: Storage, landing: Landing, run: Callable[[], object], add_format: Callable[[str, str], Path]
) -> None:
    line = {"id": "a1", "kind": "answer", "customer": "acme", "at": 1777622400120}
    file = add_format("chatbot", yaml.safe_dump(CHATBOT))
    landing.write("chatbot", "2026-05-01", [line])
    run()
    add_format("chatbot", yaml.safe_dump({**CHATBOT, "format": "xml"}))
    add_format("other", "description: [")
    landing.write("chatbot", "2026-05-01", [{**line, "id": "a2"}], name="later.jsonl")
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    told = list(find_landing_work(storage).warnings)
    run()
    assert rows(storage, USAGE_RECORDS.spec, "source", "record_id") == [("chatbot", "a1"), ("persona", "e1")]
    assert told[0] == f"{file}: format: expected jsonl or csv, found 'xml'"
    assert told[1].startswith(f"{file.parent / 'other.yaml'}: not valid YAML: ")
    assert told[2] == "chatbot is passed over: its format is broken; `usage-pipeline doctor` says why"
