"""The main job as an analyst would write it with pandas: parse, check, deduplicate and sum the lines of one day.

python -m bench.subjects.pandas_day LANDING DAY OUT

It reads line by line, so that a bad line costs no other, and then works on whole columns. Beside the totals by day
and tenant it writes the records as Parquet and the rejected lines with their reasons. It counts a conversation on
every day that it occurs on, which is right for the one day of the benchmark.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from bench.subjects import pandas_metrics, pandas_rules
from bench.subjects.files import open_lines, sources
from bench.subjects.pandas_sources import SOURCES, Source

try:
    from orjson import loads
except ImportError:  # the benchmark installs it, the tests do without
    from json import loads

_CHUNK_LINES = 200_000
_LONGEST_LINE = 1 << 24


@dataclass
class Chunk:
    """Lines of one file that are JSON objects, with their numbers."""

    file: str
    lines: list[dict[str, Any]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    digests: list[int] = field(default_factory=list)


Rejects = list[tuple[str, int, str]]
"""File, line number and reason."""


def run(landing: Path, day: str, out: Path) -> None:
    """Do the whole job for one landing day."""
    rules = pandas_rules.Rules.load(landing.parent / "reference", day)
    rejects: Rejects = []
    totals = []
    for name, files in sources(landing, day).items():
        source = SOURCES[name]
        frames = [
            _accepted(chunk, source, rules, rejects) for file in files for chunk in _chunks(file, landing, rejects)
        ]
        lines = pd.concat(frames, ignore_index=True)
        records, conflicts = deduplicated(lines)
        records.drop(columns="digest").to_parquet(out / f"{name}.parquet", compression="zstd", index=False)
        conflicts.to_parquet(out / f"{name}-conflicts.parquet", compression="zstd", index=False)
        totals.append(pandas_metrics.totals(records))
    pd.DataFrame(rejects, columns=["file", "line", "reason"]).to_parquet(out / "rejected.parquet", index=False)
    daily = pd.concat(totals).groupby(["day", "tenant_id"]).sum()
    (out / "totals.json").write_text(json.dumps(_by_day(daily)), encoding="utf-8")


def _chunks(file: Path, landing: Path, rejects: Rejects) -> Iterator[Chunk]:
    name = str(file.relative_to(landing))
    chunk = Chunk(name)
    with open_lines(file) as stream:
        for number, line in enumerate(stream, 1):
            if line.isspace():
                continue
            parsed, reason = _parsed(line)
            if reason:
                rejects.append((name, number, reason))
                continue
            chunk.lines.append(parsed)
            chunk.numbers.append(number)
            # A second delivery repeats its line byte by byte; with the same id and other bytes it is a conflict.
            chunk.digests.append(hash(line))
            if len(chunk.lines) == _CHUNK_LINES:
                yield chunk
                chunk = Chunk(name)
    if chunk.lines:
        yield chunk


def _parsed(line: bytes) -> tuple[dict[str, Any], str | None]:
    if len(line) > _LONGEST_LINE + 1:
        return {}, "line_too_long"
    try:
        parsed = loads(line)
    except ValueError:
        return {}, "malformed_json" if _is_utf8(line) else "not_utf8"
    return (parsed, None) if isinstance(parsed, dict) else ({}, "not_an_object")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _accepted(chunk: Chunk, source: Source, rules: pandas_rules.Rules, rejects: Rejects) -> pd.DataFrame:
    values = {name: [get(line) for line in chunk.lines] for name, get in source.getters.items()}
    raw = pd.DataFrame(values, dtype=object)
    folder = chunk.file.split("/")[2:-1]
    frame, reasons = rules.validate(raw, source, folder[0] if folder else None)
    frame["file"], frame["line"], frame["digest"] = chunk.file, chunk.numbers, chunk.digests
    bad = reasons.notna()
    rejects += [(chunk.file, line, reason) for line, reason in zip(frame["line"][bad], reasons[bad], strict=True)]
    return frame[~bad]


def deduplicated(lines: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The first line of each id and day, and the later ones that say something else."""
    key = ["tenant_id", "record_id", "day"]
    again = lines.duplicated(key)
    records = lines[~again]
    later = lines[again].merge(records[[*key, "digest"]], on=key, suffixes=("", "_first"))
    return records, later[later["digest"] != later["digest_first"]].drop(columns=["digest", "digest_first"])


def _by_day(daily: pd.DataFrame) -> dict[str, dict[str, dict[str, int]]]:
    found: dict[str, dict[str, dict[str, int]]] = {}
    for (day, tenant), row in daily.iterrows():
        found.setdefault(str(day), {})[tenant] = {name: int(value) for name, value in row.items()}
    return found


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
