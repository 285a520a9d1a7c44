"""Raw conversion with DuckDB: each source's lines to one Parquet file, types inferred, bad lines passed over.

python -m bench.subjects.raw_duckdb LANDING DAY OUT
"""

import sys
from pathlib import Path

import duckdb

from bench.subjects.files import sources

_COPY = """
COPY (FROM read_json({files}, format = 'newline_delimited', ignore_errors = true))
TO '{target}' (FORMAT parquet, COMPRESSION zstd)
"""


def convert(landing: Path, day: str, out: Path) -> None:
    """Write `OUT/<source>.parquet` for each source."""
    with duckdb.connect(config={"preserve_insertion_order": False}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for source, files in sources(landing, day).items():
            connection.execute(_COPY.format(files=[str(file) for file in files], target=out / f"{source}.parquet"))


if __name__ == "__main__":
    convert(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
