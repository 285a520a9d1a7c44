"""The folder contract: landing/<source>/<landing day>/[<tenant>/]<file>."""

import os
from datetime import date
from pathlib import Path

import pytest

from usage_pipeline.events.format_files import load_formats
from usage_pipeline.events.format_parts import FileType
from usage_pipeline.events.landing.scan import LandingFile, Scan, scan_days, scan_landing
from usage_pipeline.settings import Settings
from usage_pipeline_tests.support import Landing

FUTURE = "2026-06-02"  # the present is 2026-06-01


def put(settings: Settings, path: str) -> Path:
    file = settings.landing / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"{}\n")
    return file


def scan(settings: Settings) -> Scan:
    return scan_landing(settings, load_formats(settings))


@pytest.mark.parametrize(
    ("path", "compression", "tenant"),
    [
        ("persona/2026-05-01/a.jsonl", None, None),
        ("persona/2026-05-01/a.jsonl.gz", "gzip", None),
        ("persona/2026-05-01/a.jsonl.zst", "zstd", None),
        ("persona/2026-05-01/acme/a.jsonl", None, "acme"),
        ("persona/2026-06-01/a.jsonl", None, None),
        ("persona/2023-01-01/a.jsonl", None, None),
        ("azure_llm/2026-05-01/acme/a.csv", None, "acme"),
        ("azure_llm/2026-05-01/acme/a.csv.gz", "gzip", "acme"),
    ],
)
def test_landing_file(settings: Settings, path: str, compression: str | None, tenant: str | None) -> None:
    stat = put(settings, path).stat()
    source, day = path.split("/")[:2]
    assert scan(settings).files == (
        LandingFile(
            path=path,
            source=source,
            landing_day=date.fromisoformat(day),
            tenant=tenant,
            format=FileType.CSV if ".csv" in path else FileType.JSONL,
            compression=compression,
            size=3,
            mtime_ns=stat.st_mtime_ns,
        ),
    )


@pytest.mark.parametrize(
    "name",
    [
        "two words.jsonl",
        "it's.jsonl",
        'a "quoted" name.jsonl',
        "ночь-夜-🌙.jsonl",
        "logs[1].jsonl",
        "logs*?.jsonl",
        "v1.2.jsonl",
        "back\\slash.jsonl",
        "a=b&c%20d.jsonl",
        "new\nline.jsonl",
    ],
)
def test_any_name_with_the_right_ending_is_a_landing_file(settings: Settings, name: str) -> None:
    put(settings, f"persona/2026-05-01/{name}")
    assert [file.path for file in scan(settings).files] == [f"persona/2026-05-01/{name}"]


def test_a_tenant_folder_may_have_any_name(settings: Settings) -> None:
    put(settings, "persona/2026-05-01/Müller & [Söhne]/a.jsonl")
    assert [file.tenant for file in scan(settings).files] == ["Müller & [Söhne]"]


@pytest.mark.parametrize(
    "path",
    [
        "persona/2026-05-01/.a.jsonl",
        "persona/2026-05-01/a.jsonl.tmp",
        "persona/2026-05-01/a.jsonl.part",
        "persona/2026-05-01/.acme/a.jsonl",
        "persona/2026-05-01.tmp/a.jsonl",
        "persona/.2026-05-01/a.jsonl",
        ".git/config",
        ".DS_Store",
    ],
)
def test_what_is_hidden_or_unfinished_is_passed_over(settings: Settings, path: str) -> None:
    put(settings, path)
    assert scan(settings) == Scan((), ())


@pytest.mark.parametrize(
    ("path", "named", "problem"),
    [
        ("readme.txt", "readme.txt", "expected a folder named after a source"),
        ("personas/2026-05-01/a.jsonl", "personas", "no format has this name; known are"),
        ("persona/a.jsonl", "persona/a.jsonl", "expected a folder named after the landing day, YYYY-MM-DD"),
        ("persona/may/a.jsonl", "persona/may", "expected a folder named after the landing day, YYYY-MM-DD"),
        ("persona/2026-02-30/a.jsonl", "persona/2026-02-30", "expected a folder named after the landing day"),
        ("persona/20260501/a.jsonl", "persona/20260501", "expected a folder named after the landing day"),
        ("persona/2026-W18-5/a.jsonl", "persona/2026-W18-5", "expected a folder named after the landing day"),
        ("persona/2026-5-1/a.jsonl", "persona/2026-5-1", "expected a folder named after the landing day"),
        ("persona/2026-05-01", "persona/2026-05-01", "expected a folder"),
        (f"persona/{FUTURE}/a.jsonl", f"persona/{FUTURE}", "the landing day is in the future"),
        ("persona/2022-12-31/a.jsonl", "persona/2022-12-31", "the landing day is before the calendar begins"),
        ("persona/2026-05-01/a.csv", "persona/2026-05-01/a.csv", "expected a name ending in .jsonl, .jsonl.gz"),
        ("persona/2026-05-01/a.json", "persona/2026-05-01/a.json", "expected a name ending in .jsonl"),
        ("persona/2026-05-01/a.jsonl.bz2", "persona/2026-05-01/a.jsonl.bz2", "expected a name ending in .jsonl"),
        ("persona/2026-05-01/jsonl", "persona/2026-05-01/jsonl", "expected a name ending in .jsonl"),
        ("azure_llm/2026-05-01/a.jsonl", "azure_llm/2026-05-01/a.jsonl", "expected a name ending in .csv"),
        ("persona/2026-05-01/acme/eu/a.jsonl", "persona/2026-05-01/acme/eu", "folders go no deeper than"),
    ],
)
def test_what_is_out_of_place_is_named_with_what_was_expected(
    settings: Settings, path: str, named: str, problem: str
) -> None:
    put(settings, path)
    found = scan(settings)
    assert (found.files, [entry.path for entry in found.misplaced]) == ((), [named])
    assert problem in found.misplaced[0].problem


def test_a_name_that_is_not_utf8_does_not_hide_the_other_files(settings: Settings) -> None:
    good = put(settings, "persona/2026-05-01/good.jsonl")
    (good.parent / os.fsdecode(b"bad\xff.jsonl")).write_bytes(b"{}\n")
    assert "persona/2026-05-01/good.jsonl" in [file.path for file in scan(settings).files]


def test_a_future_landing_day_is_landed_when_it_has_come(settings: Settings) -> None:
    put(settings, f"persona/{FUTURE}/a.jsonl")
    later = settings.model_copy(update={"now": settings.clock.now.replace(day=2)})
    assert [file.landing_day for file in scan(later).files] == [date(2026, 6, 2)]


def test_files_are_in_landing_order_by_day_and_then_by_the_bytes_of_the_path(
    settings: Settings, landing: Landing
) -> None:
    for day, name in [("2026-05-02", "a"), ("2026-05-01", "ä"), ("2026-05-01", "b"), ("2026-05-01", "B")]:
        landing.write("persona", day, [{}], name=f"{name}.jsonl")
    landing.write("aider", "2026-05-02", [{}])
    assert [file.path for file in scan(settings).files] == [
        "persona/2026-05-01/B.jsonl",
        "persona/2026-05-01/b.jsonl",
        "persona/2026-05-01/ä.jsonl",
        "aider/2026-05-02/events.jsonl",
        "persona/2026-05-02/a.jsonl",
    ]


def test_one_day_is_scanned_like_all(settings: Settings, landing: Landing) -> None:
    for folder in ("2026-05-01", "2026-05-02"):
        landing.write("persona", folder, [{}])
        landing.write("aider", folder, [{}], tenant="acme")
    day = date(2026, 5, 2)
    assert list(scan_days(settings, load_formats(settings), [day]).files) == scan(settings).days()[day]


def test_without_a_landing_folder_there_is_nothing(settings: Settings) -> None:
    assert scan(settings) == Scan((), ())
