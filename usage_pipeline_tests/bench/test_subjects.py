"""The subjects: which files they read."""

from pathlib import Path

import duckdb
import pytest

from bench.subjects import raw_duckdb
from bench.subjects.files import open_lines, sources
from usage_pipeline.events.landing.scan import COMPRESSIONS
from usage_pipeline_tests.support import Landing

DAY = "2026-06-11"
LINES = [{"id": "a", "tokensIn": 1}, {"id": "b", "tokensIn": 2}]
ENDINGS = [".jsonl", *(f".jsonl{ending}" for ending in COMPRESSIONS)]


@pytest.mark.parametrize("ending", ENDINGS)
def test_duckdb_converts_lines_of_every_ending_that_landing_knows(ending: str, tmp_path: Path) -> None:
    Landing(tmp_path / "landing").write("persona", DAY, LINES, name=f"events{ending}")
    raw_duckdb.convert(tmp_path / "landing", DAY, tmp_path)
    converted = f"FROM read_parquet('{tmp_path / 'persona.parquet'}') ORDER BY ALL"
    assert duckdb.sql(converted).fetchall() == [("a", 1), ("b", 2)]


def test_duckdb_converts_files_of_several_endings_together(tmp_path: Path) -> None:
    for ending in ENDINGS:
        Landing(tmp_path / "landing").write("persona", DAY, LINES, name=f"events{ending}")
    raw_duckdb.convert(tmp_path / "landing", DAY, tmp_path)
    counted = f"SELECT count(*) FROM read_parquet('{tmp_path / 'persona.parquet'}')"
    assert duckdb.sql(counted).fetchall() == [(6,)]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_is_opened_as_the_lines_that_it_holds(ending: str, tmp_path: Path) -> None:
    path = Landing(tmp_path).write("persona", DAY, ['{"id": "a"}', "no JSON"], name=f"events{ending}")
    with open_lines(path) as stream:
        assert list(stream) == [b'{"id": "a"}\n', b"no JSON\n"]


def test_files_of_other_formats_and_days_are_passed_over(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    kept = landing.write("persona", DAY, LINES, tenant="acme", name="events.jsonl.zst")
    landing.write("persona", "2026-06-12", LINES)
    landing.write("azure_llm", DAY, ["a,b"], name="trace.csv")
    assert sources(tmp_path, DAY) == {"persona": [kept]}
