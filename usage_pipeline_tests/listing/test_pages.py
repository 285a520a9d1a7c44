"""Pages have the records of a list in its order, each once, as the log has them."""

from datetime import date

import pytest

from usage_pipeline.errors import PartitionError, QueryError
from usage_pipeline.listing.pages import Pages
from usage_pipeline.listing.queries import Order, RecordQuery
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import raise_first_kept
from usage_pipeline_tests.listing.lists import OLDEST_FIRST, ids, items, ms, turned


@pytest.fixture(scope="module")
def pages(landed: Storage) -> Pages:
    return Pages(landed)


def test_an_item_has_what_the_log_says(pages: Pages) -> None:
    query = RecordQuery("acme", (("contactId", ("k1",)),))
    assert pages.read(query).items == (
        (
            f'{{"id":"a1","type":"token","count":7,"createdAt":{ms("20T08:00")},"updatedAt":{ms("20T09:30")},'
            '"conversationId":"c1","messageId":"m1","taskId":"t1","contactId":"k1","blueprintId":"p1","botId":"b1",'
            '"datasetId":"d1","skillsetId":"s1","abilityId":"y1",'
            '"meta":{"integrationId":"i1","region":"eu","price":1.5,"ok":true,"a/b":{"c":[1]},"model":"gpt-4o"}}'
        ),
    )


def test_what_a_record_does_not_have_is_null_and_its_change_is_its_time(pages: Pages) -> None:
    (item,) = items(pages.read(RecordQuery("acme", (("type", ("message",)),))))
    assert item == {
        "id": "a4",
        "type": "message",
        "count": 2,
        "createdAt": ms("22T00:00"),
        "updatedAt": ms("22T00:00"),
        "conversationId": "c2",
        **dict.fromkeys(("messageId", "taskId", "contactId", "blueprintId", "botId")),
        **dict.fromkeys(("datasetId", "skillsetId", "abilityId")),
        "meta": {},
    }


def test_fields_of_the_log_that_no_column_takes_are_in_meta(pages: Pages) -> None:
    found = items(pages.read(RecordQuery("acme", (("type", ("persona_prompt",)),))))
    assert [item["meta"] for item in found] == [{}, {"traceId": "x", "model": "m"}]


@pytest.mark.parametrize("take", [1, 2, 3, 100])
@pytest.mark.parametrize("order", Order)
def test_pages_have_each_record_once_in_the_order_of_time_tenant_source_and_id(
    pages: Pages, order: Order, take: int
) -> None:
    found = [items(page) for page in turned(pages, RecordQuery(order=order), take)]
    named = [f"{item['tenantId']} {item['id']}" for page in found for item in page]
    assert named == list(OLDEST_FIRST if order is Order.ASC else reversed(OLDEST_FIRST))
    assert {len(page) for page in found[:-1]} <= {take}
    assert found[-1]


@pytest.mark.parametrize(
    ("filters", "meta", "expected"),
    [
        ({}, {}, ["p2", "a5", "a4", "a3", "p1", "a2", "a1"]),
        ({"conversationId": ("c1",)}, {}, ["a5", "a3", "p1", "a1"]),
        ({"conversationId": ("c2", "c1"), "type": ("token", "message")}, {}, ["a5", "a4", "a3", "a1"]),
        ({"botId": ("b1",), "messageId": ("m1",)}, {}, ["a1"]),
        ({"botId": ("b1",)}, {"region": ("us",)}, ["a2"]),
        ({}, {"region": ("us", "eu")}, ["a2", "a1"]),
        ({}, {"model": ("gpt-4o", "m")}, ["p1", "a1"]),
        ({}, {"price": ("1.5",), "ok": ("true",), "a/b": ('{"c":[1]}',)}, ["a1"]),
        ({}, {"integrationId": ("i1",)}, ["a1"]),
        ({}, {"traceId": ("x",)}, ["p1"]),
        ({}, {"region": ("o'brien\x00",), '~"$': ("",)}, []),
        ({"abilityId": ("nobody's",)}, {}, []),
    ],
)
def test_filters_hold_together_and_values_are_alternatives(
    pages: Pages,
    filters: dict[str, tuple[str, ...]],
    meta: dict[str, tuple[str, ...]],
    expected: list[str],
) -> None:
    query = RecordQuery("acme", tuple(filters.items()), tuple(meta.items()))
    assert ids(pages.read(query)) == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (date(2026, 5, 22), None, ["p2", "a5", "a4"]),
        (None, date(2026, 5, 21), ["a3", "p1", "a2", "a1"]),
        (date(2026, 5, 21), date(2026, 5, 22), ["a5", "a4"]),
        (date(2026, 5, 21), date(2026, 5, 21), []),
    ],
)
def test_days_are_included_at_both_ends(
    pages: Pages, first: date | None, last: date | None, expected: list[str]
) -> None:
    assert ids(pages.read(RecordQuery("acme", first=first, last=last))) == expected


def test_a_page_has_one_to_a_hundred_records(pages: Pages) -> None:
    for take in (0, 101):
        with pytest.raises(QueryError, match=f"take: expected 1 to 100 records, found {take}"):
            pages.read(RecordQuery("acme"), take)


def test_a_cursor_leads_on_however_filters_and_values_are_ordered(pages: Pages) -> None:
    first = RecordQuery("acme", (("botId", ("b1", "b2")), ("type", ("token",))))
    same = RecordQuery("acme", (("type", ("token",)), ("botId", ("b2", "b1"))))
    cursor = pages.read(first, 1).cursor
    assert ids(pages.read(same, 100, cursor)) == ["a2", "a1"]


@pytest.mark.parametrize(
    "other",
    [
        RecordQuery("globex"),
        RecordQuery(),
        RecordQuery("acme", order=Order.ASC),
        RecordQuery("acme", (("botId", ("b1",)),)),
        RecordQuery("acme", meta=(("region", ("eu",)),)),
        RecordQuery("acme", last=date(2026, 5, 22)),
    ],
)
def test_a_cursor_of_another_list_is_refused(pages: Pages, other: RecordQuery) -> None:
    cursor = pages.read(RecordQuery("acme"), 1).cursor
    with pytest.raises(QueryError, match="The cursor belongs to another list"):
        pages.read(other, 1, cursor)


def test_a_damaged_cursor_is_refused(pages: Pages) -> None:
    cursor = pages.read(RecordQuery("acme"), 1).cursor or ""
    damaged = [
        f"{cursor[:place]}{'A' if cursor[place] != 'A' else 'B'}{cursor[place + 1 :]}" for place in (0, 9, 60)
    ]
    for text in (*damaged, cursor[:-4], f"{cursor}AAAA", "", "5", "a b", "ü", "\x00", "/w=="):
        with pytest.raises(QueryError, match=r"The cursor .* is damaged"):
            pages.read(RecordQuery("acme"), 1, text)


def test_questions_that_no_record_can_answer_are_refused() -> None:
    with pytest.raises(QueryError, match="There is no filter 'colour'; expected one of type, conversationId,"):
        RecordQuery("acme", (("colour", ("red",)),))
    with pytest.raises(QueryError, match="botId: expected at least one value"):
        RecordQuery("acme", (("botId", ()),))
    with pytest.raises(QueryError, match="2026-05-02 to 2026-05-01: the first day is after the last"):
        RecordQuery(first=date(2026, 5, 2), last=date(2026, 5, 1))
    with pytest.raises(QueryError, match=r"region: '\\udcff' is no text in Unicode"):
        RecordQuery(meta=(("region", ("\udcff",)),))
    with pytest.raises(QueryError, match=r"tenant: .* is no text in Unicode"):
        RecordQuery("\udcff")


def test_pruned_records_are_in_no_list(own: Storage) -> None:
    pages = Pages(own)
    with own.warehouse.begin() as connection:
        raise_first_kept(connection, {"acme": date(2026, 5, 22)})
    assert ids(pages.read(RecordQuery("acme"))) == ["p2", "a5", "a4"]
    assert ids(pages.read(RecordQuery())) == ["p2", "a5", "a4", "g1", "a2"]


def test_records_that_are_gone_from_the_lake_are_an_error_of_the_lists_that_have_them(own: Storage) -> None:
    own.lake.object(USAGE_RECORDS.spec, date(2026, 5, 20)).unlink()
    assert ids(Pages(own).read(RecordQuery("acme", first=date(2026, 5, 21)))) == ["p2", "a5", "a4"]
    with pytest.raises(
        PartitionError, match=r"usage_records: 1 day from 2026-05-20 on is gone .*usage-pipeline run"
    ):
        Pages(own).read(RecordQuery("acme"))


def test_a_damaged_object_is_an_error_that_says_so(own: Storage) -> None:
    own.lake.object(USAGE_RECORDS.spec, date(2026, 5, 23)).write_bytes(b"no Parquet at all")
    with pytest.raises(
        PartitionError, match=r"An object cannot be read: .* `usage-pipeline recompute` writes its day again"
    ):
        Pages(own).read(RecordQuery("acme"))
