"""Raw conversion with ClickHouse local (chdb): each source's lines to one Parquet file, types inferred.

Bad lines are passed over, but not where it looks for the types; so it looks at the first lines only.

python -m bench.subjects.raw_clickhouse LANDING DAY OUT
"""

import sys
from pathlib import Path

import chdb

from bench.subjects.files import sources

_INSERT = """
INSERT INTO FUNCTION file('{target}', Parquet)
SELECT * FROM file('{landing}/{source}/{day}/**/*.jsonl*', JSONEachRow)
SETTINGS
    input_format_max_rows_to_read_for_schema_inference = 1000,
    input_format_allow_errors_ratio = 1,
    input_format_allow_errors_num = 1000000000,
    output_format_parquet_compression_method = 'zstd'
"""


def convert(landing: Path, day: str, out: Path) -> None:
    """Write `OUT/<source>.parquet` for each source."""
    for source in sources(landing, day):
        chdb.query(_INSERT.format(target=out / f"{source}.parquet", landing=landing, source=source, day=day))


if __name__ == "__main__":
    convert(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
