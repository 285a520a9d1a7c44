"""What a cell of a CSV file is, by RFC 4180, in Python and in DuckDB.

Lines end with CR LF, texts are in quotes and numbers are not, so that nothing at all is null and `""` is an empty
text. Files are UTF-8 without a byte order mark: programs read them, and people have the workbook.

A spreadsheet takes a text for a formula if it begins with one of `= + - @`, also in their wide forms, a tab or a
line end. Such a text gets an apostrophe in front, and so does one that begins with an apostrophe: a program that
takes one away from the front of a text, if there is one, has every text as it was.
"""

import re

LINE_END = "\r\n"

_DANGEROUS = "[=+@\\t\\r\\n'\uff1d\uff0b\uff0d\uff20-]"
_IS_DANGEROUS = re.compile(_DANGEROUS)


def harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if _IS_DANGEROUS.match(text) else text


def harmless_sql(column: str) -> str:
    """Return the same of a column, as an expression of DuckDB."""
    pattern = _DANGEROUS.replace("'", "''")
    return f"CASE WHEN regexp_matches({column}, '^{pattern}') THEN '''' || {column} ELSE {column} END"


def text_cell(text: str) -> str:
    """Return the cell of a text."""
    return '"' + harmless(text).replace('"', '""') + '"'


def text_cell_sql(column: str) -> str:
    """Return the cell of a column of texts, as an expression of DuckDB; null is an empty cell."""
    return f"""coalesce('"' || replace({harmless_sql(column)}, '"', '""') || '"', '')"""
