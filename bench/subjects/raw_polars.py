"""Raw conversion with Polars: each source's lines to one Parquet file, types inferred, bad lines passed over.

Its reader gives up at a line that is no JSON (`ignore_errors` is about types only), so it gets the lines in
blocks, and of a block that it refuses only the lines that are JSON objects.

python -m bench.subjects.raw_polars LANDING DAY OUT
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from bench.subjects.files import open_lines, sources

_BLOCK_BYTES = 8 << 20
_LINES_TO_INFER = 1000


def convert(landing: Path, day: str, out: Path) -> None:
    """Write `OUT/<source>.parquet` for each source, streamed."""
    for source, files in sources(landing, day).items():
        schema = pl.scan_ndjson(files, infer_schema_length=_LINES_TO_INFER, ignore_errors=True).collect_schema()
        _lines(files, schema).sink_parquet(out / f"{source}.parquet", compression="zstd")


def _lines(files: list[Path], schema: pl.Schema) -> pl.LazyFrame:
    def frames(*_: object) -> Iterator[pl.DataFrame]:
        for file in files:
            for block in _blocks(file):
                yield _frame(block, schema)

    return register_io_source(frames, schema=schema)


def _blocks(file: Path) -> Iterator[bytes]:
    with open_lines(file) as stream:
        while block := stream.read(_BLOCK_BYTES):
            yield block + stream.readline()


def _frame(block: bytes, schema: pl.Schema) -> pl.DataFrame:
    try:
        return pl.read_ndjson(block, schema=schema, ignore_errors=True)
    except pl.exceptions.ComputeError:
        good = b"\n".join(line for line in block.splitlines() if _is_object(line))
        return pl.read_ndjson(good, schema=schema, ignore_errors=True)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


if __name__ == "__main__":
    convert(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
