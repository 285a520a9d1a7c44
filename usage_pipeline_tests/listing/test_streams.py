"""Streams have the records of a list as JSON lines and CSV, in pieces of whole lines."""

import csv
import json
from datetime import date
from io import StringIO

import pytest

from usage_pipeline.errors import PartitionError
from usage_pipeline.listing import streams
from usage_pipeline.listing.pages import Pages
from usage_pipeline.listing.queries import Order, RecordQuery
from usage_pipeline.listing.streams import stream_csv, stream_json_lines
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import raise_first_kept
from usage_pipeline_tests.listing.lists import LANDED, record
from usage_pipeline_tests.support import Landing, land_and_compute


@pytest.fixture(params=[1, 4_000_000], ids=["day by day", "days together"])
def _at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_BYTES_AT_ONCE", request.param)
    monkeypatch.setattr(streams, "_AT_ONCE", 2)


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize(
    "query",
    [
        RecordQuery(),
        RecordQuery("acme", order=Order.ASC),
        RecordQuery("acme", (("botId", ("b1", "b2")),), (("region", ("us", "eu")),)),
        RecordQuery(first=date(2026, 5, 21), last=date(2026, 5, 22)),
    ],
)
def test_json_lines_are_the_items_of_all_pages(landed: Storage, query: RecordQuery) -> None:
    pieces = list(stream_json_lines(landed, query))
    assert tuple(b"".join(pieces).decode().splitlines()) == Pages(landed).read(query).items
    assert all(piece.endswith(b"\n") and piece.count(b"\n") <= 2 for piece in pieces)


def test_csv_has_the_same_values_and_no_formula(storage: Storage) -> None:
    odd = record("=1+1", "20T08:00", botId='a "b",\r\nc', taskId="", meta={"x": "ü"})
    Landing(storage.settings.landing).write("usage_statistics", LANDED, [odd], tenant="acme")
    land_and_compute(storage, "records")
    text = b"".join(stream_csv(storage, RecordQuery())).decode()
    head, row = list(csv.reader(StringIO(text, newline="")))
    (item,) = map(json.loads, stream_json_lines(storage, RecordQuery()))
    assert head == list(item)
    assert text.partition("\r\n")[2].startswith('"\'=1+1","acme","token",7,1779264000000,1779264000000,,')
    expected = {**item, "id": "'=1+1", "meta": '{"x":"ü"}'}
    assert row == ["" if value is None else str(value) for value in expected.values()]


def test_a_list_without_records_is_empty_or_a_head(landed: Storage) -> None:
    assert list(stream_json_lines(landed, RecordQuery("nobody"))) == []
    head = b"".join(stream_csv(landed, RecordQuery("nobody")))
    assert head.startswith(b'"id","type","count","createdAt"')
    assert head.endswith(b',"meta"\r\n')


def test_days_are_told_when_they_are_done(landed: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_BYTES_AT_ONCE", 1)
    told: list[tuple[int, int]] = []
    list(stream_json_lines(landed, RecordQuery("acme"), lambda done, of: told.append((done, of))))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_pruned_records_are_in_no_stream(own: Storage) -> None:
    with own.warehouse.begin() as connection:
        raise_first_kept(connection, {"acme": date(2026, 5, 24)})
    found = [json.loads(line)["id"] for line in b"".join(stream_json_lines(own, RecordQuery())).splitlines()]
    assert found == ["g1", "a2"]
    assert list(stream_json_lines(own, RecordQuery("acme"))) == []


def test_a_stream_without_all_days_is_refused_before_its_first_line(own: Storage) -> None:
    own.lake.object(USAGE_RECORDS.spec, date(2026, 5, 20)).unlink()
    with pytest.raises(PartitionError, match=r"usage_records: 1 day from 2026-05-20 on is gone"):
        next(stream_json_lines(own, RecordQuery("acme")))
