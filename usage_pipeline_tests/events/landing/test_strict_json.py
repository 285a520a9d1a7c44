"""Which lines are JSON: those of RFC 8259, and where DuckDB's reader is still of another opinion."""

import json
from collections.abc import Callable, Iterator
from typing import NoReturn

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_pipeline.events.landing.json_documents import is_malformed_json
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, prompt, reject_reasons, rows

Land = Callable[[str], None]
TIME = "2026-05-01T08:00:00Z"


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def malformed(engine: duckdb.DuckDBPyConnection, text: str) -> bool:
    select = f"SELECT {is_malformed_json('line')} FROM (SELECT $line AS line)"
    return bool(engine.execute(select, {"line": text}).fetchall()[0][0])


def refused_by_python(text: str) -> bool:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        return True
    return False


NOT_JSON = [
    pytest.param('{"a":1,}', id="comma behind the last field"),
    pytest.param('{"a":1 ,\t}', id="comma and white space behind the last field"),
    pytest.param('{"a":1, }', id="comma and a space behind the last field"),
    pytest.param('{"a":1,\r}', id="comma and a bare CR behind the last field"),
    pytest.param('{"é":1,}', id="comma behind the last field of a line that is not ASCII"),
    pytest.param('{"a":{"b":1,},"c":1}', id="comma within an inner object"),
    pytest.param('{"a":[1,]}', id="comma behind the last element"),
    pytest.param('{"a":"x",}', id="comma behind a text"),
    pytest.param(r'{"a":"\\",}', id="comma behind an escaped backslash"),
    pytest.param('{"a":",}",}', id="comma behind a text with a comma and a bracket"),
    pytest.param('{"a":NaN}', id="NaN"),
    pytest.param('{"a":-NaN}', id="-NaN"),
    pytest.param('{"a":nan,"b":1}', id="nan as C writes it"),
    pytest.param('{"a":Infinity}', id="Infinity"),
    pytest.param('{"a":[-Infinity]}', id="-Infinity"),
    pytest.param('{"a":inf }', id="inf as C writes it"),
    pytest.param('{"a":iNf}', id="infinity in odd letters"),
    pytest.param('{"a":"NaN","b":NaN}', id="NaN beside a text with NaN"),
    pytest.param("{'a':1}", id="single quotes"),
    pytest.param("{a:1}", id="no quotes"),
    pytest.param('{"a":1}//c', id="line comment"),
    pytest.param('{"a":/*c*/1}', id="block comment"),
    pytest.param('{"a":01}', id="leading zero"),
    pytest.param('{"a":-01}', id="leading zero behind a minus"),
    pytest.param('{"a":+1}', id="plus sign"),
    pytest.param('{"a":.5}', id="no digit before the point"),
    pytest.param('{"a":1.}', id="no digit behind the point"),
    pytest.param('{"a":1e}', id="no digit in the exponent"),
    pytest.param('{"a":0x1F}', id="hexadecimal number"),
    pytest.param('{"a":1_000}', id="digits in groups"),
    pytest.param('{"a":True}', id="literal in capitals"),
    pytest.param('{"a":"\x01"}', id="control character within a text"),
    pytest.param('{"a":"\t"}', id="tab within a text"),
    pytest.param('{"a":"\x00"}', id="null character within a text"),
    pytest.param('{"a":1}\x01', id="control character behind the object"),
    pytest.param('{"a":1}\x00', id="null character behind the object"),
    pytest.param('{"a":\x0b1}', id="vertical tab between"),
    pytest.param('{"a":\xa01}', id="no-break space between"),
    pytest.param(r'{"a":"\x41"}', id="escape that there is not"),
    pytest.param(r'{"a":"\u12"}', id="half an escape"),
    pytest.param('{"a":\ufeff1}', id="byte order mark between"),
    pytest.param('{"a":1}x', id="something behind the object"),
    pytest.param("", id="nothing"),
]
JSON = [
    pytest.param('{"a":",}"}', id="comma and bracket within a text"),
    pytest.param('{"a":", ]","b":[1]}', id="comma and square bracket within a text"),
    pytest.param(r'{"a":"\",}"}', id="comma and bracket behind an escaped quote"),
    pytest.param(r'{"a":"\\\",}"}', id="comma and bracket behind an escaped backslash and quote"),
    pytest.param('{"a":"NaN, inf, Infinity}"}', id="NaN within a text"),
    pytest.param('{"nan":1,"Infinity":2}', id="NaN as a name"),
    pytest.param('{"a":1,"a":2}', id="the same name twice"),
    pytest.param('{"a":"\ufeff"}', id="byte order mark within a text"),
    pytest.param('{"a":"\x7f"}', id="delete character within a text"),
    pytest.param(r'{"a":"\u0000\u0001"}', id="escaped control characters"),
    pytest.param(r'{"a":"\ud83c\udf19"}', id="escaped pair of surrogates"),
    pytest.param('{"a":\r1\t}', id="white space between"),
    pytest.param('{"a":1e999}', id="a number too large for a double"),
    pytest.param('{"a":' + "1" * 400 + "}", id="a number of 400 digits"),
    pytest.param('{"a":-0}', id="minus zero"),
    pytest.param('{"":{}}', id="an empty name and an empty object"),
    pytest.param('{"a":' * 500 + "1" + "}" * 500, id="nested 500 deep"),
]


@pytest.mark.parametrize("text", NOT_JSON)
def test_malformed(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    assert (malformed(engine, text), refused_by_python(text)) == (True, True)


@pytest.mark.parametrize("text", JSON)
def test_well_formed(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    assert (malformed(engine, text), refused_by_python(text)) == (False, False)


@pytest.mark.parametrize("text", [r'{"a":"\ud800"}', r'{"a":"\udc00x"}', r'{"\ud800A":1}'])
def test_half_a_surrogate_pair_is_no_text_though_the_rfc_lets_it_pass(
    engine: duckdb.DuckDBPyConnection, text: str
) -> None:
    assert (malformed(engine, text), refused_by_python(text)) == (True, False)


PARTS = ["{", "}", "[", "]", ",", ":", '"', '"a"', "1", " ", "\t", "\\", "NaN", "-inf", "null", "é"]


@given(parts=st.lists(st.sampled_from(PARTS), max_size=12))
def test_the_verdict_is_that_of_a_strict_parser(engine: duckdb.DuckDBPyConnection, parts: list[str]) -> None:
    text = "".join(parts)
    assert malformed(engine, text) == refused_by_python(text)


VALUES = st.recursive(
    st.none() | st.integers() | st.text('a,}] "\\nNfI', max_size=6) | st.just("NaN,") | st.just(",}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "nan,", "inf"]), inner),
    max_leaves=6,
)


@given(value=VALUES, separators=st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]))
def test_what_python_writes_is_json(
    engine: duckdb.DuckDBPyConnection, value: object, separators: tuple[str, str]
) -> None:
    assert not malformed(engine, json.dumps(value, separators=separators))


def test_a_line_that_only_a_lenient_reader_takes_is_rejected_alone(
    storage: Storage, landing: Landing, land: Land
) -> None:
    line = json.dumps(prompt("e2", TIME, note=",} NaN"))
    lines = [line, line.replace("}", ",}"), line.replace("}", ', "x": NaN}').replace("e2", "e3")]
    landing.write("persona", "2026-05-01", [prompt("e1", TIME), *lines])
    land("2026-05-01")
    assert reject_reasons(storage) == [(3, "malformed_json"), (4, "malformed_json")]
    assert rows(storage, LANDED_EVENTS, "record_id") == [("e1",), ("e2",)]


@pytest.mark.parametrize("white", ["", " ", " \t\r "])
def test_an_object_may_stand_behind_white_space(
    storage: Storage, landing: Landing, land: Land, white: str
) -> None:
    landing.write("persona", "2026-05-01", [white + json.dumps(prompt("e1", TIME)), f"{white}[1]"])
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "record_id") == [("e1",)]
    assert reject_reasons(storage) == [(2, "not_an_object")]


def test_a_line_nested_a_million_deep_is_read_like_any_other(
    storage: Storage, landing: Landing, land: Land
) -> None:
    deep = '{"a":' * 1_000_000 + "1" + "}" * 1_000_000
    line = json.dumps(prompt("e1", TIME)).removesuffix("}") + f', "deep": {deep}}}'
    landing.write("persona", "2026-05-01", [line, prompt("e2", TIME)])
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "record_id") == [("e1",), ("e2",)]
