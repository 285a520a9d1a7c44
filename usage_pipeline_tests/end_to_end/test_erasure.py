"""After an erasure no decoded value of any file or database holds the tenant's id."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import zstandard

from usage_pipeline.settings import Settings
from usage_pipeline_tests.cli.conftest import invoke, work_on
from usage_pipeline_tests.conftest import settings_of
from usage_pipeline_tests.end_to_end.planted import database_texts, other_files, parquet_texts
from usage_pipeline_tests.support import Landing, prompt

EXIT_UNUSABLE = 3
ERASED, OTHER = "acme-corp-7", "globex"
DAY = "2026-05-01"
TIME = f"{DAY}T08:00:00Z"
TABULAR = """
description: A table.
format: csv
identity: [id]
tenant: tenant
type: {constant: request}
times: {occurred_at: {field: at, format: iso}}
fields: {feature: feature}
"""
CSV = f"""id,tenant,at,feature
e1,{OTHER},{TIME},chat
e2,{ERASED},{TIME},"two
lines of {ERASED}"
e3,{OTHER},{TIME},"two
lines"
"""


@dataclass(frozen=True)
class Erased:
    """A deployment on which a tenant was erased, and what held its id before."""

    settings: Settings
    before: set[str]
    after: set[str]


def texts(settings: Settings) -> Iterator[tuple[str, str]]:
    """Place and decoded value of everything that is stored."""
    yield from ((f"parquet {table}", text) for table, text in parquet_texts(settings.data_dir))
    for name, url in (("warehouse", settings.database_url), ("dagster", settings.dagster_database_url)):
        assert url is not None
        yield from ((f"{name} {table}", text) for table, text in database_texts(url.get_secret_value()))
    yield from (("files", f"{path} {text}") for path, text in other_files(settings.data_dir))
    yield from (("landing", f"{path} {decoded(path)}") for path in landed(settings))


def landed(settings: Settings) -> list[Path]:
    return [path for path in sorted(settings.landing.rglob("*")) if path.is_file()]


def decoded(path: Path) -> str:
    content = path.read_bytes()
    if path.name == "broken.jsonl.gz":
        return content.decode()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    elif path.suffix == ".zst":
        content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
    return content.decode(errors="replace")


def holding(settings: Settings) -> set[str]:
    return {place for place, text in texts(settings) if ERASED in text}


def line(record_id: str, tenant: str, **fields: object) -> dict[str, object]:
    return prompt(record_id, TIME, tenantId=tenant, prompt=f"words of {tenant}", **fields)


def deliver(landing: Landing) -> None:
    """Lines of both tenants, in all forms that a landing file has."""
    both = [line("a1", ERASED, userId="ann"), line("g1", OTHER), f'{{"cut off by {ERASED}']
    landing.write("persona", DAY, both, name="plain.jsonl")
    landing.write("persona", DAY, [line("a2", ERASED), line("g2", OTHER)], name="packed.jsonl.gz")
    landing.write("persona", DAY, [line("g3", OTHER), line("a3", ERASED)], name="packed.jsonl.zst")
    landing.write("persona", DAY, [line("a1", ERASED), line("a1", ERASED, tokensIn=9)], tenant=ERASED)
    landing.write("persona", DAY, ["{"] * 3, tenant=ERASED, name="unusable.jsonl")
    landing.write("persona", DAY, [], tenant=ERASED, name="broken.jsonl").with_name("broken.jsonl.gz").write_text(
        "?"
    )
    landing.write_bytes("tabular", DAY, CSV.encode(), name="table.csv")


@pytest.fixture(scope="module")
def erased(tmp_path_factory: pytest.TempPathFactory, new_databases: Callable[[], tuple[str, str]]) -> Erased:
    """Computed by the jobs of Dagster, and erased by the command."""
    folder = tmp_path_factory.mktemp("erased")
    (folder / "formats").mkdir()
    (folder / "formats" / "tabular.yaml").write_text(TABULAR)
    database_url, dagster_url = new_databases()
    settings = settings_of(folder / "data", database_url, dagster_database_url=dagster_url)
    deliver(Landing(settings.landing))
    with pytest.MonkeyPatch.context() as monkeypatch:
        work_on(settings, dagster_url, monkeypatch)
        monkeypatch.setenv("USAGE_FORMATS_DIR", str(folder / "formats"))
        monkeypatch.setenv("USAGE_NOW", "2026-08-01T00:00:00Z")  # Dagster is told why May cannot be closed
        invoke("run", exit_code=EXIT_UNUSABLE)
        before = holding(settings)
        invoke("erase", "--tenant", ERASED, "--confirm", "--reason", "a request")
    return Erased(settings, before, holding(settings))


def test_before_it_the_id_stands_everywhere(erased: Erased) -> None:
    assert erased.before >= {
        "landing",
        "parquet landed_events",
        "parquet content",
        "parquet rejected_lines",
        "parquet usage_records",
        "parquet conflicts",
        "parquet excluded_events",
        "parquet daily_usage",
        "warehouse usage.token_series",
        "warehouse usage.usage_versions",
        "warehouse usage.audit_log",
        "dagster public.event_logs",
    }


def test_after_it_nothing_holds_the_id(erased: Erased) -> None:
    assert erased.after == set()


def test_lines_of_others_stand_where_they_stood(erased: Erased) -> None:
    left = {path.name: decoded(path).splitlines() for path in landed(erased.settings)}
    assert {name: [bool(text) for text in lines] for name, lines in left.items()} == {
        "plain.jsonl": [False, True, False],
        "packed.jsonl.gz": [False, True],
        "packed.jsonl.zst": [True, False],
        "table.csv": [True, True, False, False, True, True],
    }
