"""Which conversations of a day go on from days before, counted from the lines, apart from the pipeline.

The simulator knows what the days that it writes together come to. Here the day and those before it are written by
two simulations, whose conversations partly have the same names.
"""

from pathlib import Path

import duckdb

_LINES = """
SELECT DISTINCT
    split_part(substr(filename, length($root) + 2), '/', 1) AS source,
    coalesce(tenantId, split_part(substr(filename, length($root) + 2), '/', 3)) AS tenant,
    conversationId AS conversation
FROM read_json(
    $root || '/*/*/**/*.jsonl*', format = 'newline_delimited', ignore_errors = true, filename = true,
    columns = {tenantId: 'VARCHAR', conversationId: 'VARCHAR'}
)
WHERE regexp_full_match(conversationId, '[a-z]+_[0-9]+')
"""


def going_on(earlier: Path, day: Path) -> dict[str, int]:
    """Conversations of the day's landing folder that occur in the other one, by tenant."""
    with duckdb.connect() as connection:
        for name, landing in (("earlier", earlier), ("today", day)):
            connection.execute(f"CREATE TEMP TABLE {name} AS {_LINES}", {"root": str(landing)})
        return dict(
            connection.execute(
                "SELECT tenant, count(*) FROM today "
                "SEMI JOIN earlier USING (source, tenant, conversation) GROUP BY tenant"
            ).fetchall()
        )
