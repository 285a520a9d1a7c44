"""What an erasure leaves of landing files, and of lines that name the tenant."""

from collections.abc import Callable

import pyarrow as pa
import pytest
from pyarrow import parquet

from usage_pipeline.errors import ErasureError
from usage_pipeline.events.landing.decisions import withdraw
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.pipeline.refresh import PlainRunner
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.retention.erased import (
    DAY,
    MAY_1,
    MAY_2,
    MAY_3,
    Run,
    erase_acme,
    event,
    tenants,
)
from usage_pipeline_tests.support import Landing, files, reject_reasons, rows


def test_lines_of_the_tenant_are_blank_and_every_other_byte_stays(mixed: Storage, landing: Landing) -> None:
    path = landing.root / "persona" / MAY_2 / "shared.jsonl"
    before = path.read_bytes().split(b"\n")
    erase_acme(mixed)
    assert path.read_bytes().split(b"\n") == [before[0], b"", *before[2:]]
    assert [p.name for p in landing.root.rglob("*") if p.is_file()] == ["shared.jsonl"]
    assert set(files(mixed)) == {"shared.jsonl"}


def test_what_killed_writers_and_uploads_left_of_the_tenant_goes(mixed: Storage, landing: Landing) -> None:
    left = mixed.lake.object(USAGE_RECORDS.spec, DAY).with_name(".usage_records.parquet.1f.part")
    left.write_text("acme")
    upload = landing.write("persona", MAY_3, [event("a9")], tenant="acme", name="more.jsonl")
    upload.rename(upload.with_name(".more.jsonl.part"))
    erase_acme(mixed)
    assert not left.exists()
    assert not upload.parent.exists()


def test_a_file_that_the_pipeline_does_not_know_is_named(mixed: Storage, landing: Landing) -> None:
    unknown = landing.write("persona", MAY_1, [event("a9")], name="notes.txt.gz")
    with pytest.raises(ErasureError, match=r"The id is in landing/persona/2026-05-01/notes.txt.gz, which the"):
        erase_acme(mixed)
    unknown.unlink()
    erase_acme(mixed)


@pytest.mark.parametrize("content", [b"acme", b"PAR1 acme", None])
def test_a_file_that_is_no_object_of_a_table_is_named(mixed: Storage, content: bytes | None) -> None:
    file = mixed.settings.data_dir / "export.parquet"
    if content is None:
        parquet.write_table(pa.table({"day": [1, 2], "whose": [["globex"], ["acme", "globex"]]}), file)
    else:
        file.write_bytes(content)
    with pytest.raises(ErasureError, match=r"The id is in export.parquet, which the pipeline does not know"):
        erase_acme(mixed)


@pytest.mark.parametrize("name", ["..", ".", "/etc", "a/../../b"])
def test_an_id_that_leads_elsewhere_removes_no_folder(
    storage: Storage, landing: Landing, run: Run, name: str
) -> None:
    (storage.settings.data_dir / "reports" / "globex").mkdir(parents=True)
    beside = storage.settings.data_dir.parent / "b"
    beside.mkdir(exist_ok=True)
    landing.write("persona", MAY_1, [event("a", name), event("g", "globex")])
    run()
    erase_acme(storage, name)
    assert tenants(storage, DAILY_USAGE.spec) == {"erased", "globex"}
    assert (storage.settings.data_dir / "reports" / "globex").exists()
    assert beside.exists()


def test_the_tenant_of_the_sums_has_no_events_of_its_own(mixed: Storage, landing: Landing, run: Run) -> None:
    erase_acme(mixed)
    landing.write("persona", MAY_3, [event("e", "erased")], name="new.jsonl")
    run()
    assert (1, "invalid_tenant_id") in reject_reasons(mixed)


def test_decisions_about_a_shared_file_hold_for_what_is_left_of_it(
    storage: Storage, landing: Landing, run: Run
) -> None:
    landing.write("persona", MAY_1, [event("a"), event("g", "globex")])
    run()
    withdraw(storage, f"persona/{MAY_1}/events.jsonl", "wrong", "me")
    run()
    erase_acme(storage)
    file = files(storage)["events.jsonl"]
    storage.lake.object(LANDED_EVENTS, file.landing_day, file.object_name).unlink()
    run()
    assert files(storage)["events.jsonl"].state is landed_files.FileState.WITHDRAWN


def test_lines_without_ids_keep_theirs_when_their_file_lands_again(
    storage: Storage, landing: Landing, run: Run, add_format: Callable[[str, str], object]
) -> None:
    add_format("calls", CALLS)
    landing.write("calls", MAY_1, [call("acme"), call("globex"), call("acme")])
    run()
    before = [row for row in rows(storage, LANDED_EVENTS, "tenant_id", "record_id") if row[0] == "globex"]
    erase_acme(storage)
    file = files(storage)["events.jsonl"]
    storage.lake.object(LANDED_EVENTS, file.landing_day, file.object_name).unlink()
    run()
    assert rows(storage, LANDED_EVENTS, "tenant_id", "record_id") == before
    assert tenants(storage, DAILY_USAGE.spec) == {"erased", "globex"}


CALLS = """
description: Calls.
format: jsonl
identity: position
tenant: $.tenant
type: {constant: request}
times: {occurred_at: {field: $.at, format: iso}}
"""


def call(tenant: str) -> dict[str, object]:
    return {"tenant": tenant, "at": f"{MAY_1}T08:00:00Z"}


LINES_OF_SEVERAL = """
description: Calls, several in a line.
format: jsonl
each: $.calls[*]
identity: [$.id]
tenant: $.tenant
type: {constant: request}
times: {occurred_at: {field: $.at, format: iso}}
"""


def test_a_line_with_events_of_several_tenants_is_blanked_and_their_events_stay(
    storage: Storage,
    landing: Landing,
    run: Run,
    add_format: Callable[[str, str], object],
    add_reference: Callable[[str, str], None],
) -> None:
    """Unless one of these is on hold."""
    add_format("batches", LINES_OF_SEVERAL)
    calls = [{"id": f"r{number}", **call(tenant)} for number, tenant in enumerate(("globex", "acme", "initech"))]
    path = landing.write("batches", MAY_1, [{"calls": calls}, {"calls": calls[:1]}])
    run()
    kept_line = path.read_text().splitlines()[1]
    add_reference("tenants", "globex: {legal_hold: {reason: case 4711, by: legal, since: 2026-01-01}}")
    with pytest.raises(ErasureError, match=r"events.jsonl:1 holds events of a tenant on legal hold, too"):
        erase_acme(storage)
    add_reference("tenants", "{}")
    erase_acme(storage)
    assert path.read_text().splitlines() == ["", kept_line]
    PlainRunner(storage).land_again([DAY])
    run()
    found = rows(storage, LANDED_EVENTS, "tenant_id", "landing_line", "landing_event")
    assert found == [("globex", 1, 1), ("globex", 2, 1), ("initech", 1, 3)]


def test_names_that_only_begin_like_the_tenant_are_others(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write(
        "persona", MAY_1, [event("a"), event("e", "acme-eu", prompt="acme-eu says"), event("x", "acme2")]
    )
    run()
    erase_acme(storage)
    assert tenants(storage, LANDED_EVENTS) == {"acme-eu", "acme2"}
    assert rows(storage, CONTENT, "prompt") == [("acme-eu says",)]


def test_what_others_say_of_the_tenant_stays_and_is_counted(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", MAY_1, [event("a"), event("g", "globex", prompt="write to acme")])
    run()
    assert erase_acme(storage).mentions == 2  # the text, and the line
    assert rows(storage, CONTENT, "prompt") == [("write to acme",)]


def test_rejected_lines_that_name_the_tenant_go(storage: Storage, landing: Landing, run: Run) -> None:
    mismatch = event("m", "acme")
    landing.write("persona", MAY_1, ['{"tenantId": "acme"', event("no-type", event="?"), '{"tenantId": "globex"'])
    landing.write("persona", MAY_1, [mismatch], tenant="globex")
    run()
    assert len(reject_reasons(storage)) == 4
    erase_acme(storage)
    assert rows(storage, REJECTED_LINES, "raw") == [('{"tenantId": "globex"',)]
