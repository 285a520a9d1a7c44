"""What an erasure leaves of landing files, and of lines that name the tenant."""

from collections.abc import Callable

import pyarrow as pa
import pytest
from pyarrow import parquet

from usage_pipeline.errors import ErasureError
from usage_pipeline.events.landing.decisions import withdraw
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.pipeline.refresh import PlainRunner
from usage_pipeline.retention.erasure.erasing import Outcome
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.retention.erased import (
    DAY,
    MAY_1,
    Erased,
    Run,
    erase_acme,
    event,
    shared_file,
    tenants,
    unfinished,
)
from usage_pipeline_tests.support import Landing, files, reject_reasons, rows


def test_lines_of_the_tenant_are_blank_and_every_other_byte_stays(erased: Erased, landing: Landing) -> None:
    before = erased.before.shared_file.split(b"\n")
    assert shared_file(landing).read_bytes().split(b"\n") == [before[0], b"", *before[2:]]
    assert [p.name for p in landing.root.rglob("*") if p.is_file()] == ["shared.jsonl"]
    assert set(files(erased.storage)) == {"shared.jsonl"}


def test_what_killed_writers_and_uploads_left_of_the_tenant_goes(erased: Erased, landing: Landing) -> None:
    left, upload = unfinished(erased.storage, landing)
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
    """The lines are rejected: to erase one makes no day anew."""
    landing.write("persona", MAY_1, [event("e", tenant, event="?") for tenant in (name, "globex")])
    run()
    (storage.settings.data_dir / "reports" / "globex").mkdir(parents=True)
    beside = storage.settings.data_dir.parent / "b"
    beside.mkdir()
    erase_acme(storage, name)
    assert tenants(storage, REJECTED_LINES) == {"globex"}
    assert (storage.settings.data_dir / "reports" / "globex").exists()
    assert beside.exists()


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


@pytest.fixture
def erasing_among_others(storage: Storage, landing: Landing, run: Run, prepare: Prepare) -> Outcome:
    """The erasure of acme from a storage with others whose names and lines hold the same word."""

    def make() -> Outcome:
        alike = [event("e", "acme-eu", prompt="acme-eu says"), event("x", "acme2")]
        landing.write("persona", MAY_1, [event("a"), *alike, event("g", "globex", prompt="write to acme")])
        broken = ['{"tenantId": "acme"', event("no-type", event="?"), '{"tenantId": "globex"']
        landing.write("persona", MAY_1, broken, name="broken.jsonl")
        landing.write("persona", MAY_1, [event("m", "acme")], tenant="globex", name="mismatch.jsonl")
        landing.write("persona", MAY_1, [event("a2"), event("g2", "globex")], name="withdrawn.jsonl")
        run()
        withdraw(storage, f"persona/{MAY_1}/withdrawn.jsonl", "wrong", "me")
        run()
        assert len(reject_reasons(storage)) == 4
        return erase_acme(storage)

    outcome: Outcome = prepare("among others", make)
    return outcome


@pytest.fixture
def among_others(storage: Storage, erasing_among_others: Outcome) -> Storage:  # noqa: ARG001 - it leaves this
    """The storage after that erasure."""
    return storage


def test_names_that_only_begin_like_the_tenant_are_others(among_others: Storage) -> None:
    assert tenants(among_others, LANDED_EVENTS) == {"acme-eu", "acme2", "globex"}


def test_what_others_say_stays(among_others: Storage) -> None:
    assert rows(among_others, CONTENT, "prompt") == [("acme-eu says",), ("write to acme",)]


def test_what_others_say_of_the_tenant_is_counted(erasing_among_others: Outcome) -> None:
    assert erasing_among_others.mentions == 2  # the text, and the line


def test_rejected_lines_that_name_the_tenant_go(among_others: Storage) -> None:
    assert rows(among_others, REJECTED_LINES, "raw") == [('{"tenantId": "globex"',)]


def test_decisions_about_a_shared_file_hold_for_what_is_left_of_it(among_others: Storage, run: Run) -> None:
    file = files(among_others)["withdrawn.jsonl"]
    among_others.lake.object(LANDED_EVENTS, file.landing_day, file.object_name).unlink()
    run()
    assert files(among_others)["withdrawn.jsonl"].state is landed_files.FileState.WITHDRAWN
