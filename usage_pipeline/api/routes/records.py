"""`/v1/usage/list`: usage records one by one, as pages or as a stream."""

import json
import re
from datetime import timedelta
from itertools import chain
from typing import Annotated, Any, Literal, cast
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field, create_model
from starlette.datastructures import QueryParams

from usage_pipeline.api.access import Data
from usage_pipeline.api.answers import AnswerModel
from usage_pipeline.api.media_types import CSV, JSON_LINES, stream_of
from usage_pipeline.api.parameters import BETWEEN_VALUES, FilterValues, From, To, Words, between_commas
from usage_pipeline.api.problems import wrong_parameter
from usage_pipeline.listing.columns import LIST_COLUMNS
from usage_pipeline.listing.pages import MOST
from usage_pipeline.listing.queries import FILTERS, Filters, Order, RecordQuery

router = APIRouter(tags=["usage"])

_META = re.compile(r"meta\[(.+)\]", re.DOTALL)
_TYPES: dict[str, Any] = {"BIGINT": int, "JSON": dict[str, Any]}
_PRESENT = frozenset({"id", "type", "count", "createdAt", "meta"})


def _field(name: str, kind: str, meaning: str) -> Any:  # noqa: ANN401 - a field as `create_model` takes it
    of_value = _TYPES.get(kind, str)
    if name in _PRESENT:
        return of_value, Field(description=meaning)
    # The tenant is there where all are asked; the related ids are null where the record has none.
    return of_value | None, Field(None, description=meaning)


RecordAnswer = create_model(
    "RecordAnswer",
    __base__=AnswerModel,
    **{column.name: _field(column.name, column.type, column.meaning) for column in LIST_COLUMNS},
)
"""A usage record."""


class RecordsAnswer(AnswerModel):
    """Usage records in the order of time, tenant, source and id."""

    items: list[RecordAnswer]  # type: ignore[valid-type]  # made from the columns
    cursor: str | None = Field(description="The cursor of the next page; null on the last.")


def _filter() -> Any:  # noqa: ANN401 - a field as `create_model` takes it
    return FilterValues, Field((), description=f"Only these values. {BETWEEN_VALUES}")


_RelatedFilters = create_model("_RelatedFilters", **{name: _filter() for name in FILTERS})


async def related_filters(asked: Annotated[_RelatedFilters, Query()]) -> Filters:  # type: ignore[valid-type]
    """Return the filters that are given."""
    return tuple((name, values) for name, values in cast("BaseModel", asked) if values)


async def meta_filters(request: Request) -> Filters:
    """Return the values of `meta[key]`; of a key that is given several times, any."""
    given = request.query_params
    return tuple((key[1], _meta_values(given, name)) for name in given if (key := _META.fullmatch(name)))


def _meta_values(given: QueryParams, name: str) -> Words:
    try:
        return between_commas(tuple(given.getlist(name)))
    except ValueError as error:
        raise wrong_parameter(name, str(error)) from None


Take = Annotated[
    int | None,
    Query(
        ge=1, lt=2**31, description=f"The most records: {MOST} of a page, as without it; of a stream any number."
    ),
]
Cursor = Annotated[str | None, Query(description="The cursor of the page before; the first page without it.")]
Format = Annotated[
    Literal["jsonl", "csv"] | None,
    Query(
        alias="format", description="Stream the list as a file of this format, as a link of a page can ask for."
    ),
]
_DEEP = {
    "name": "meta",
    "in": "query",
    "style": "deepObject",
    "explode": True,
    "description": f"Only records with these values in `meta`: `meta[region]=eu`. {BETWEEN_VALUES}",
    "schema": {"type": "object", "additionalProperties": {"type": "string"}},
}
_VARY = {"Vary": "Accept"}
_STREAMS = {
    JSON_LINES: {"schema": {"type": "string", "description": "A record on each line."}},
    CSV: {"schema": {"type": "string", "description": "A header, then a line for each record."}},
}


@router.get(
    "/usage/list",
    response_model=RecordsAnswer,
    responses={200: {"content": _STREAMS}},
    openapi_extra={"parameters": [_DEEP]},
)
def records(  # noqa: PLR0913, PLR0917 - one for each parameter
    data: Data,
    related: Annotated[Filters, Depends(related_filters)],
    meta: Annotated[Filters, Depends(meta_filters)],
    first: From = None,
    end: To = None,
    order: Order = Order.DESC,
    take: Take = None,
    cursor: Cursor = None,
    file_format: Format = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """Return immutable usage records, the newest first.

    `Accept: application/jsonl` or `text/csv`, or `format`, streams the list, or the first `take` of it. Without
    `from` and `to` it has all days.
    """
    query = RecordQuery(None, related, meta, first, end and end - timedelta(days=1), order)
    if media_type := stream_of(accept, file_format):
        if cursor is not None:
            raise wrong_parameter("cursor", "A stream has no pages; leave the cursor out.")
        stream = _stream(data, query, take, media_type)
        if file_format:
            stream.headers["Content-Disposition"] = _attachment(data.tenant_id, query, file_format)
        return stream
    if take is not None and take > MOST:
        raise wrong_parameter("take", f"Expected 1 to {MOST} records of a page; a stream has any number.")
    page = data.records(query, take or MOST, cursor)
    return Response(_page(page.items, page.cursor), media_type="application/json", headers=_VARY)


def _page(items: tuple[str, ...], cursor: str | None) -> str:
    """Put the page together: its items are JSON already."""
    return f'{{"items":[{",".join(items)}],"cursor":{json.dumps(cursor)}}}'


def _attachment(tenant_id: str | None, query: RecordQuery, ending: str) -> str:
    """Return the header that lets a browser keep the answer, under a name that says what it holds."""
    parts = ("records", tenant_id, query.first, query.last)
    name = "_".join(str(part) for part in parts if part is not None)
    return f"attachment; filename*=UTF-8''{quote(f'{name}.{ending}', safe='')}"


def _stream(data: Data, query: RecordQuery, take: int | None, media_type: str) -> Response:
    """Begin the stream: what hinders it at its beginning is a problem, not the end of an answer."""
    pieces = data.record_lines(query, take) if media_type == JSON_LINES else data.record_csv(query, take)
    beginning = next(pieces, b"")
    return StreamingResponse(chain([beginning], pieces), media_type=media_type, headers=_VARY)
