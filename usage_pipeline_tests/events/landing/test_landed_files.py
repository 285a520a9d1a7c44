"""Archives, encodings, names and permissions: which files land whole, and which fail alone."""

import gzip
import json
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date

import pytest
import zstandard

from usage_pipeline.events.landing.land import land_days
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.landed_files import FileState
from usage_pipeline.storage.opened import Storage, open_storage
from usage_pipeline_tests.events.landing.test_landed_lines import DAY, ONE, TIME, TWO, tally
from usage_pipeline_tests.support import Landing, files, prompt, rows

Land = Callable[[str], None]
DeliverArchive = Callable[[str, bytes], None]


@pytest.fixture
def deliver_archive(landing: Landing, land: Land) -> DeliverArchive:
    """Lands these bytes under this name, beside a good file."""

    def write_and_land(name: str, content: bytes) -> None:
        landing.write_bytes("persona", DAY, ONE, name="good.jsonl").with_name(name).write_bytes(content)
        land(DAY)

    return write_and_land


WHOLE_GZIP, WHOLE_ZSTD = gzip.compress(ONE + b"\n", mtime=0), zstandard.compress(ONE + b"\n")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl.gz", WHOLE_GZIP + gzip.compress(TWO + b"\n")),
        ("a.jsonl.gz", WHOLE_GZIP + gzip.compress(b"") + gzip.compress(TWO) + b"\0" * 512),
        ("a.jsonl.zst", WHOLE_ZSTD + zstandard.compress(TWO + b"\n")),
        ("a.jsonl.zst", WHOLE_ZSTD + zstandard.compress(b"") + zstandard.compress(TWO)),
    ],
)
def test_an_archive_of_several_parts_lands_whole(
    storage: Storage, deliver_archive: DeliverArchive, name: str, content: bytes
) -> None:
    deliver_archive(name, content)
    assert tally(storage, name) == (2, 0, 0, 0, 2, 0)


DELIVER_AGAIN = "deliver the file again"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        pytest.param("a.jsonl.gz", WHOLE_GZIP[:7], "the gzip data is truncated", id="gzip cut in its header"),
        pytest.param("a.jsonl.gz", WHOLE_GZIP[:-9], "the gzip data is truncated", id="gzip cut in its data"),
        pytest.param(
            "a.jsonl.gz", WHOLE_GZIP + WHOLE_GZIP[:9], "the gzip data is truncated", id="second gzip member cut"
        ),
        pytest.param("a.jsonl.gz", WHOLE_GZIP + ONE, "the gzip data is corrupt", id="text behind gzip"),
        pytest.param("a.jsonl.gz", WHOLE_ZSTD, "the gzip data is corrupt", id="zstd named gzip"),
        pytest.param("a.jsonl.zst", WHOLE_ZSTD[:3], "the zstd data is truncated", id="zstd cut in its header"),
        pytest.param("a.jsonl.zst", WHOLE_ZSTD[:-2], "the zstd data is truncated", id="zstd cut in its data"),
        pytest.param(
            "a.jsonl.zst", WHOLE_ZSTD + WHOLE_ZSTD[:9], "the zstd data is truncated", id="second zstd frame cut"
        ),
        pytest.param("a.jsonl.zst", WHOLE_ZSTD + ONE, "the zstd data is corrupt", id="text behind zstd"),
        pytest.param("a.jsonl.zst", WHOLE_GZIP, "the zstd data is corrupt", id="gzip named zstd"),
    ],
)
def test_an_archive_that_is_not_whole_or_not_what_its_name_says_fails_alone(
    storage: Storage, deliver_archive: DeliverArchive, name: str, content: bytes, problem: str
) -> None:
    deliver_archive(name, content)
    failed = files(storage)[name]
    assert (failed.state, failed.error, failed.lines) == (FileState.FAILED, f"{problem}; {DELIVER_AGAIN}", 0)
    assert tally(storage, "good.jsonl") == (1, 0, 0, 0, 1, 0)


@pytest.mark.parametrize("content", [WHOLE_GZIP, WHOLE_ZSTD], ids=["gzip", "zstd"])
def test_an_archive_that_is_named_like_plain_text_is_read_as_lines_and_rejected(
    storage: Storage, landing: Landing, land: Land, content: bytes
) -> None:
    landing.write_bytes("persona", DAY, content, name="a.jsonl")
    land(DAY)
    file = files(storage)["a.jsonl"]
    assert (file.accepted, file.rejected + file.blank) == (0, file.lines)


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "a.csv"])
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_file_in_another_encoding_fails_and_says_which(
    storage: Storage, landing: Landing, land: Land, name: str, codec: str
) -> None:
    content = f"\ufeff{ONE.decode()}\n".encode(codec)
    landing.write_bytes("azure_llm" if "csv" in name else "persona", DAY, content, tenant="acme", name=name)
    land(DAY)
    file = files(storage)[name]
    assert (file.state, file.error) == (
        FileState.FAILED,
        f"it is {codec[:6].upper()}, not UTF-8; convert it and deliver it again",
    )


def test_an_empty_csv_file_fails_because_it_has_no_header(storage: Storage, landing: Landing, land: Land) -> None:
    landing.write_bytes("azure_llm", DAY, b"", tenant="acme", name="a.csv")
    land(DAY)
    assert files(storage)["a.csv"].error == "it is empty, and its format needs a header; deliver the file again"


@pytest.mark.parametrize(
    "name",
    [
        "two words.jsonl",
        'it\'s "quoted".jsonl',
        "*?[a-z]{1,2}.jsonl",
        "new\nline\ttab.jsonl",
        "e\u0301 \u00e9.jsonl",
        "\u05e9\u05dc\u05d5\u05dd \u202e.jsonl",
        "%2F&=#;.jsonl",
        "a.tmp.jsonl",
        "x" * 240 + ".jsonl",
    ],
)
@pytest.mark.parametrize("tenant", ["acme", "t \"'*?[\u202e"])
def test_a_file_under_any_name_lands_under_that_name(
    storage: Storage, landing: Landing, land: Land, name: str, tenant: str
) -> None:
    line = json.dumps(prompt("e1", TIME, tenantId=tenant))
    landing.write("persona", DAY, [line, "{", "", line.replace("e1", "e2")], tenant=tenant, name=name)
    land(DAY)
    assert tally(storage, name) == (4, 0, 0, 1, 2, 1)
    path = f"persona/{DAY}/{tenant}/{name}"
    assert rows(storage, LANDED_EVENTS, "record_id", "landing_file") == [("e1", path), ("e2", path)]


def test_hidden_and_unfinished_files_and_names_that_are_not_utf8_do_not_land(
    storage: Storage, landing: Landing, land: Land
) -> None:
    folder = landing.write_bytes("persona", DAY, ONE, name="good.jsonl").parent
    for name in (b".a.jsonl", b"a.jsonl.tmp", b"a.jsonl.part", b"a.jsonl.tmp.gz", b"bad\xff.jsonl"):
        (folder / os.fsdecode(name)).write_bytes(TWO)
    for tenant in ("acme.tmp", "acme.part", ".acme"):
        landing.write_bytes("persona", DAY, TWO, tenant=tenant, name="a.jsonl")
    land(DAY)
    assert list(files(storage)) == ["good.jsonl"]
    assert tally(storage, "good.jsonl") == (1, 0, 0, 0, 1, 0)


def test_a_file_without_permission_fails_with_the_reason_and_the_days_others_land(
    settings: Settings, landing: Landing, as_anyone: Callable[[], AbstractContextManager[None]]
) -> None:
    landing.write_bytes("persona", DAY, ONE, name="good.jsonl")
    # With one thread files are read in this one, which loses its privilege.
    with open_storage(settings.model_copy(update={"duckdb_threads": 1})) as storage:
        days = [date.fromisoformat(DAY)]
        land_days(storage, days, "test")  # the connection to the database that this opens is the one used below
        landing.write_bytes("persona", DAY, TWO, name="closed.jsonl").chmod(0)
        with as_anyone():
            land_days(storage, days, "test")
        closed = files(storage)["closed.jsonl"]
        assert (closed.path, closed.state) == (f"persona/{DAY}/closed.jsonl", FileState.FAILED)
        assert closed.error == "Permission denied; check the file and its permissions"
        assert tally(storage, "good.jsonl") == (1, 0, 0, 0, 1, 0)
