"""The SELECT of a list: which of the rows of some objects are in it, in its order, and what is shown of them."""

from collections.abc import Iterable

from usage_pipeline.csv_cells import LINE_END, text_cell_sql
from usage_pipeline.listing.columns import COLUMNS_OF_ONE, RELATED, columns_of
from usage_pipeline.listing.cursors import Place
from usage_pipeline.listing.queries import FILTERS, Order, RecordQuery
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import literal
from usage_pipeline.storage.tables import Column

RECORDS = SqlFile.beside(__file__, "records", related=tuple(RELATED.items()))
PLACE = "epoch_us(occurred_at), tenant_id, source, record_id"
"""The columns of a `Place`."""

READ = ", ".join(
    f'"{name}"'
    for name in (
        *("occurred_at", "tenant_id", "source", "record_id", "type", "count", "updated_at", "model", "meta"),
        *RELATED.values(),
    )
)
"""The columns that a list reads of records."""

_ORDERED_BY = ("occurred_at", "tenant_id", "source", "record_id")
_ITEM = "item"


def select_records(
    query: RecordQuery, rows: str, shown: str, after: Place | None = None, most: int | None = None
) -> str:
    """Return the SELECT of what is `shown` of the records among the rows that are in the list, in its order.

    `rows` is a relation with the columns in `READ`. `after` begins behind a place, `most` ends after so
    many records.
    """
    listed = f"SELECT * FROM {rows} WHERE {_tests(query, after)}"
    if most is not None:  # first, so that the others are never made into what is shown
        listed += _first(query, most)
    return f"{_shown(listed)} SELECT {shown} FROM shown ORDER BY {_order(query)}"


def select_copy(rows: str) -> str:
    """Return the SELECT of a copy of rows, by tenant: what a list of one is made of, each record as JSON, too."""
    related = ", ".join(f'"{name}" AS "{column}"' for name, column in RELATED.items())
    columns = f"{', '.join(_ORDERED_BY)}, type, {related}, {json_object(COLUMNS_OF_ONE)} AS {_ITEM}"
    return f"{_shown(f'SELECT {READ} FROM {rows}')} SELECT {columns} FROM shown ORDER BY tenant_id, occurred_at"


def select_copied(query: RecordQuery, copies: str, after: Place | None, most: int) -> str:
    """Return the SELECT of the first places and JSON objects of a list of one tenant, from copies of its days.

    They have no `meta` to filter by.
    """
    return f"SELECT {PLACE}, {_ITEM} FROM {copies} WHERE {_tests(query, after)}{_first(query, most)}"


def _shown(listed: str) -> str:
    return f"WITH usage_records AS ({listed}), shown AS ({RECORDS.text})"


def _tests(query: RecordQuery, after: Place | None) -> str:
    tests = [*_filters(query), *([_behind(query.order, after)] if after else [])]
    return " AND ".join(tests) or "true"


def _first(query: RecordQuery, most: int) -> str:
    return f" ORDER BY {_order(query)} LIMIT {most}"


def _order(query: RecordQuery) -> str:
    return ", ".join(f"{name} {query.order}" for name in _ORDERED_BY)


def json_object(columns: Iterable[Column]) -> str:
    """Return the expression of a record as a JSON object."""
    fields = ", ".join(f'{literal(column.name)}, "{column.name}"' for column in columns)
    return f"CAST(json_object({fields}) AS VARCHAR)"


def csv_line(query: RecordQuery) -> str:
    """Return the expression of a record as a line of CSV."""
    cells = ", ".join(map(_cell, columns_of(query.tenant_id)))
    return f"concat_ws(',', {cells}) || {literal(LINE_END)}"


def _cell(column: Column) -> str:
    text = f'CAST("{column.name}" AS VARCHAR)'
    return f"coalesce({text}, '')" if column.type == "BIGINT" else text_cell_sql(text)


def _filters(query: RecordQuery) -> list[str]:
    whose = [] if query.tenant_id is None else [f"tenant_id = {literal(query.tenant_id)}"]
    related = [f'"{FILTERS[name]}" IN ({_literals(values)})' for name, values in query.filters]
    meta = [f"{_value_in_meta(key)} IN ({_literals(values)})" for key, values in query.meta]
    return [*whose, *related, *meta]


def _value_in_meta(key: str) -> str:
    """Return the expression of what is shown in `meta` under a key, as a text."""
    escaped = key.replace("~", "~0").replace("/", "~1")
    paths = (literal(f"/meta/{escaped}"), literal(f"/{escaped}"))
    found = [f"json_extract_string(meta, {path})" for path in paths]
    return f"coalesce({', '.join(['model', *found] if key == 'model' else found)})"


def _behind(order: Order, place: Place) -> str:
    """Return the test of rows behind a place. The time is tested by itself, too, because objects know theirs."""
    time = f"make_timestamp({place.occurred_at})"
    rest = ", ".join(map(literal, (place.tenant_id, place.source, place.record_id)))
    sign = ">" if order is Order.ASC else "<"
    whole = f"({', '.join(_ORDERED_BY)}) {sign} ({time}, {rest})"
    return f"occurred_at {sign}= {time} AND {whole}"


def _literals(texts: Iterable[str]) -> str:
    return ", ".join(map(literal, texts))
