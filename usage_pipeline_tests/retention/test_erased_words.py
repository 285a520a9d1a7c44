"""An id is found as a word, alike in Python, DuckDB and Arrow, and nothing else is replaced."""

import json
from functools import cache, partial

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usage_pipeline.errors import QueryError
from usage_pipeline.retention.erasure.subject import Subject, Word
from usage_pipeline.retention.erasure.traces import Traces
from usage_pipeline.settings import Settings

FOUND = {
    "acme": [
        "acme",
        "a/acme/b",
        "acme.jsonl",
        "acme-x",
        '{"tenantId": "acme"}',
        "of acme, and",
        "(acme)",
        r"a\nacme",
    ],
    "a b": ["a b", '"a b"'],
    'q"uote': ['q"uote', json.dumps('q"uote'), json.dumps(json.dumps('q"uote'))],
    "müller": ["müller", json.dumps("müller"), json.dumps({"t": json.dumps("müller")})],
    "ann@example.com": ["ann@example.com", "by ann@example.com."],
    "1042": ["1042", '"1042"', "a/1042/b", r"{\"id\": \"1042\"}"],
}
NOT_FOUND = {
    "acme": ["acme2", "acme_x", "xacme", "acmé", "äacme", "acme-eu", "of acme-eu only", "ACME", ""],
    "a b": ["a  b", "aa b"],
    "1042": ["rows: 1042", '{"tokens": 1042}', "10425", "21042"],
}


def word(text: str) -> Word:
    return Word(text, ("acme-eu", "globex", text))


@cache
def duck() -> duckdb.DuckDBPyConnection:
    """An engine for all: to open one takes longer than to ask it."""
    return duckdb.connect()


def in_duckdb(found: Word, text: str) -> bool:
    return bool(duck().execute(f"SELECT {found.sql('held')} FROM (SELECT $1 AS held)", [text]).fetchall()[0][0])


def in_arrow(found: Word, text: str) -> bool:
    texts = pa.array([text], pa.large_string())
    return bool(Traces({}, {}, found).chosen("s/d/f", pa.array([1]).to_numpy(), texts)[0])


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in FOUND.items() for text in texts])
def test_an_id_is_found(name: str, text: str) -> None:
    assert [find(word(name), text) for find in (Word.found_in, in_duckdb, in_arrow)] == [True] * 3
    assert not word(name).found_in(word(name).removed_from(text))


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in NOT_FOUND.items() for text in texts])
def test_something_else_is_not(name: str, text: str) -> None:
    assert [find(word(name), text) for find in (Word.found_in, in_duckdb, in_arrow)] == [False] * 3
    assert word(name).removed_from(text) == text


@settings(max_examples=100)
@given(
    name=st.sampled_from(["acme", "1042", "a.b", "é"]),
    parts=st.lists(
        st.sampled_from(["acme", "1042", "a.b", "é", "-eu", "_", " ", '"', "/", "\\n", "x", "."]), max_size=6
    ),
)
def test_python_duckdb_and_arrow_find_the_same(name: str, parts: list[str]) -> None:
    text = "".join(parts)
    found = word(name).found_in(text)
    assert [in_duckdb(word(name), text), in_arrow(word(name), text)] == [found] * 2
    assert not word(name).found_in(word(name).removed_from(text))


@pytest.mark.parametrize("ids", [(" ",), ("acme", "")])
def test_an_empty_id_is_refused(ids: tuple[str, ...]) -> None:
    with pytest.raises(QueryError, match="An id is empty"):
        Subject(*ids)


@pytest.mark.parametrize("text", ["caf\\u00E9", "caf\\u00e9", '{"id": "café"}'])
def test_an_id_is_found_as_any_writer_of_json_escapes_it(text: str) -> None:
    assert Word("café").found_in(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r&d", "r\\u0026d"),
        ("x/y", "x\\/y"),
        ("O'Brien", "O\\u0027Brien"),
        ("<b>", "\\u003cb\\u003e"),
        ("+49-170-5551234", "please call +49-170-5551234 today"),
    ],
)
def test_signs_within_an_id_are_found_escaped_and_beside_words(name: str, text: str) -> None:
    assert Word(name).found_in(text)


def test_a_certificate_names_who_it_is_about_only_to_those_who_have_the_key() -> None:
    digest = partial(Subject("acme", "ann").digest)
    ours, theirs = Settings.load(digest_key="ours"), Settings.load(digest_key="theirs")
    assert digest(ours) == digest(ours) != digest(theirs)
    assert digest(ours) != Subject("acme").digest(ours)
