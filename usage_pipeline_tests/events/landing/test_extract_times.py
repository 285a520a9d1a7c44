"""How times are read: four formats, zones, and digits below the microsecond."""

from collections.abc import Callable
from datetime import date

import pytest

from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.events.each import Became
from usage_pipeline_tests.support import Landing, reject_reasons, rows

AddFormat = Callable[[str, str], object]
Land = Callable[[str], None]


def source_format(occurred_at: str) -> str:
    return f"""
        description: Something that happens.
        format: jsonl
        identity: position
        type: {{constant: event}}
        times: {{occurred_at: {{field: $.at, {occurred_at}}}}}
    """


TIMES = [
    ("format: iso", '"2026-05-01T08:00:00Z"', "2026-05-01 08:00:00"),
    ("format: iso", '"2026-05-01 08:00Z"', "2026-05-01 08:00:00"),
    ("format: iso", '"2026-05-01T08:00:00.120Z"', "2026-05-01 08:00:00.120000"),
    ("format: iso", '"2026-05-01T08:00:00+00:00"', "2026-05-01 08:00:00"),
    ("format: iso", '"2026-05-01T08:00:00+05:30"', "2026-05-01 02:30:00"),
    ("format: iso", '"2026-05-01T08:00:00-0800"', "2026-05-01 16:00:00"),
    ("format: iso", '"2026-05-01T01:00:00+02:00"', "2026-04-30 23:00:00"),
    ("format: epoch_s", "1777622400", "2026-05-01 08:00:00"),
    ("format: epoch_s", '"1777622400"', "2026-05-01 08:00:00"),
    ("format: epoch_s", "1777622400.25", "2026-05-01 08:00:00.250000"),
    ("format: epoch_s", "1777622400.0", "2026-05-01 08:00:00"),
    ("format: epoch_ms", "1777622400120", "2026-05-01 08:00:00.120000"),
    ("format: epoch_ms", "1777622400120.5", "2026-05-01 08:00:00.120500"),
    ("format: epoch_us", "1777622400120001", "2026-05-01 08:00:00.120001"),
    ("format: iso, zone: UTC", '"2026-05-01T08:00:00"', "2026-05-01 08:00:00"),
    ("format: iso, zone: Europe/Berlin", '"2026-05-01T08:00:00"', "2026-05-01 06:00:00"),
    ("format: iso, zone: Europe/Berlin", '"2026-03-01T08:00:00"', "2026-03-01 07:00:00"),
    ("format: iso, zone: Europe/Berlin", '"2026-05-01T08:00:00Z"', "2026-05-01 08:00:00"),
    ("format: iso, zone: Asia/Kolkata", '"2026-05-01 08:00:00.5"', "2026-05-01 02:30:00.500000"),
]
NO_TIMES = [
    pytest.param("format: iso", '"2026-05-01T08:00:00"', id="no zone"),
    pytest.param("format: iso", '"2026-05-01"', id="a day"),
    pytest.param("format: iso", '"2026-02-30T08:00:00Z"', id="30 February"),
    pytest.param("format: iso", '"2026-05-01T25:00:00Z"', id="25 o'clock"),
    pytest.param("format: iso", '"2026-05-01T08:00:00+25:00"', id="an offset of more than a day"),
    pytest.param("format: iso", '"infinity"', id="infinity"),
    pytest.param("format: iso", '"yesterday"', id="a word"),
    pytest.param("format: iso", "1777622400", id="a number"),
    pytest.param("format: iso, zone: UTC", '"infinity"', id="infinity in a zone"),
    pytest.param("format: epoch_s", '"2026-05-01T08:00:00Z"', id="a text for seconds"),
    pytest.param("format: epoch_s", "-1", id="before 1970"),
    pytest.param("format: epoch_s", '"1_777_622_400"', id="underscores"),
    pytest.param("format: epoch_s", "1777622400120", id="milliseconds for seconds"),
    pytest.param("format: epoch_ms", "true", id="a truth value"),
]
BELOW_MICROSECONDS = [
    pytest.param("format: iso", '"2026-05-01T23:59:59.9999999Z"', id="ISO"),
    pytest.param("format: iso", '"2026-05-02T05:29:59.9999999+05:30"', id="ISO with offset"),
    pytest.param("format: iso, zone: UTC", '"2026-05-01 23:59:59.9999999"', id="ISO in a zone"),
    pytest.param("format: epoch_s", '"1777679999.9999999"', id="seconds as text"),
    pytest.param("format: epoch_s", "1777679999.9999999", id="seconds as number"),
    pytest.param("format: epoch_ms", '"1777679999999.9999"', id="milliseconds as text"),
    pytest.param("format: epoch_ms", "1777679999999.9999", id="milliseconds as number"),
    pytest.param("format: epoch_us", '"1777679999999999.9"', id="microseconds as text"),
    pytest.param("format: epoch_us", "1777679999999999.9", id="microseconds as number"),
]


@pytest.fixture(scope="module")
def read_time(land_each: Callable[..., dict[str, Became]]) -> Callable[[str, str], str | None]:
    """The time of an event of 2026-05-01 whose format says this of its time; None when it is rejected."""
    texts: dict[str, list[str]] = {}
    for occurred_at, text, *_ in (
        *TIMES,
        *(case.values for case in (*NO_TIMES, *BELOW_MICROSECONDS)),
    ):
        texts.setdefault(str(occurred_at), []).append(str(text))
    became = {
        occurred_at: land_each("ticks", {text: f'{{"at": {text}}}' for text in found}, source_format(occurred_at))
        for occurred_at, found in texts.items()
    }

    def read(occurred_at: str, text: str) -> str | None:
        line = became[occurred_at][text]
        if line.row is None:
            assert line.rejected == (1, "invalid_occurred_at")
            return None
        return str(line["occurred_at"])

    return read


@pytest.mark.parametrize(("occurred_at", "text", "expected"), TIMES)
def test_time(read_time: Callable[[str, str], str | None], occurred_at: str, text: str, expected: str) -> None:
    assert read_time(occurred_at, text) == expected


@pytest.mark.parametrize(("occurred_at", "text"), NO_TIMES)
def test_what_is_no_time_is_rejected(
    read_time: Callable[[str, str], str | None], occurred_at: str, text: str
) -> None:
    assert read_time(occurred_at, text) is None


@pytest.mark.parametrize(("occurred_at", "text"), BELOW_MICROSECONDS)
def test_digits_below_the_microsecond_are_cut_off_so_that_the_event_stays_on_its_day(
    read_time: Callable[[str, str], str | None], occurred_at: str, text: str
) -> None:
    assert read_time(occurred_at, text) == "2026-05-01 23:59:59.999999"


def test_midnight_belongs_to_the_day_it_starts(
    storage: Storage, landing: Landing, land: Land, add_format: AddFormat
) -> None:
    add_format("ticks", source_format("format: iso"))
    lines = ['{"at": "2026-04-30T23:59:59.999999Z"}', '{"at": "2026-05-01T00:00:00Z"}']
    landing.write("ticks", "2026-05-01", lines, tenant="acme")
    land("2026-05-01")
    assert rows(storage, LANDED_EVENTS, "landing_line", "event_day") == [
        (1, date(2026, 4, 30)),
        (2, date(2026, 5, 1)),
    ]


def test_every_mapped_time_is_checked(
    storage: Storage, landing: Landing, land: Land, add_format: AddFormat
) -> None:
    add_format("ticks", source_format("format: iso}, started_at: {field: $.start, format: epoch_s"))
    line = '{"at": "2026-05-01T08:00:00Z", "start": "early"}'
    landing.write("ticks", "2026-05-01", [line], tenant="acme")
    land("2026-05-01")
    assert reject_reasons(storage) == [(1, "invalid_started_at")]
