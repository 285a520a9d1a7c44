"""Texts as codes: what a sort carries of a text that has few different values.

DuckDB sorts rows as a whole, a text with 16 bytes and more. As an ENUM it takes one or two, is sorted by a number,
and becomes a dictionary of the Parquet file without being looked up again: sorting the records of a large day
takes half as long, and fits into memory. In the file it is the same text as before.
"""

from collections.abc import Collection

from duckdb import DuckDBPyConnection

WORTH_CODING = 100_000
"""From so many rows on sorting with codes gains more time than finding them takes."""


def with_codes(duck: DuckDBPyConnection, columns: Collection[str], coded: Collection[str], source: str) -> str:
    """The SELECT list of these columns of a source (`FROM …`), where those in `coded` have types of the session.

    The codes are in the order of the texts, so that sorting by either is the same.
    """
    for column in coded:
        duck.execute(
            f'CREATE TEMP TYPE "{_type(column)}" AS ENUM '
            f'(SELECT DISTINCT "{column}" {source} AND "{column}" IS NOT NULL ORDER BY "{column}")'
        )
    casts = {column: f'CAST("{column}" AS "{_type(column)}") AS "{column}"' for column in coded}
    return ", ".join(casts.get(column, f'"{column}"') for column in columns)


def _type(column: str) -> str:
    return f"{column}_code"
