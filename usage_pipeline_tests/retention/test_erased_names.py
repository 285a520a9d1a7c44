"""Ids that hold one another: what has the id as a word of a longer name is nobody's trace."""

import json

import pytest
from sqlalchemy import select

from usage_pipeline.delivery.message import Message
from usage_pipeline.delivery.outbox import enqueue, outbox
from usage_pipeline.errors import ErasureError
from usage_pipeline.events.record import CONTENT, LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.pipeline.refresh import find_stale
from usage_pipeline.retention.erasure.erasing import erase, plan
from usage_pipeline.retention.erasure.subject import Subject
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.retention.erased import ALL, MAY_1, Run, erase_acme, event, sums
from usage_pipeline_tests.support import Landing, files, rows


def erase_member(storage: Storage, tenant: str, member: str) -> None:
    assert erase(storage, ALL, Subject(tenant, member), by="me", reason="a request") is not None


def test_a_member_with_the_id_of_its_tenant_is_refused(storage: Storage, landing: Landing, run: Run) -> None:
    path = landing.write("persona", MAY_1, [event("a", "alice", userId="alice")])
    run()
    before = path.read_bytes()
    refusal = "The member has the id of its tenant 'alice', so what is of the one and of the other cannot be told"
    assert (plan(storage, ALL, Subject("alice", "alice")).obstacle or "").startswith(refusal)
    with pytest.raises(ErasureError, match="Erase the tenant: `usage-pipeline erase --tenant alice`"):
        erase_member(storage, "alice", "alice")
    assert path.read_bytes() == before


def test_a_member_that_is_a_word_of_its_tenants_id_is_told_apart(
    storage: Storage, landing: Landing, run: Run
) -> None:
    lines = [event("a", "ann@x.com", userId="ann"), event("b", "ann@x.com", userId="bob")]
    landing.write("persona", MAY_1, lines, tenant="ann@x.com")
    run()
    with storage.warehouse.begin() as connection:
        enqueue(connection, [Message("one", ("ops",), "Usage of ann", "t", NOW, "ann@x.com")])
    known = paths(storage)
    erase_member(storage, "ann@x.com", "ann")
    assert rows(storage, LANDED_EVENTS, "tenant_id", "member_id") == [
        ("ann@x.com", "(erased)"),
        ("ann@x.com", "bob"),
    ]
    with storage.warehouse.connect() as connection:
        found = connection.execute(select(outbox.c.tenant_id, outbox.c.subject)).all()
    assert [tuple(row) for row in found] == [("ann@x.com", "Usage of (erased)")]
    assert paths(storage) == known
    again = run()
    assert (again.landed, find_stale(storage)) == ([], {})
    assert rows(storage, DAILY_USAGE.spec, "tenant_id", "records") == [("ann@x.com", 1), ("ann@x.com", 1)]


def test_a_landing_file_that_is_named_after_a_member_keeps_its_name(
    storage: Storage, landing: Landing, run: Run
) -> None:
    own = landing.write("persona", MAY_1, [event("a", userId="ann-17"), event("b")], tenant="acme", name=ANN_FILE)
    shared = landing.write("persona", MAY_1, [event("c", userId="ann-17"), event("g", "globex")], name=ANN_FILE)
    run()
    before, known = sums(storage), paths(storage)
    outcome = erase(storage, ALL, Subject("acme", "ann-17"), by="me", reason="a request")
    assert outcome is not None
    assert outcome.certificate.out_of_scope[-1].startswith("The names of 2 landing files, which hold the id")
    assert [path.read_text().splitlines()[0] for path in (own, shared)] == ["", ""]
    assert paths(storage) == known
    again = run()
    assert (again.landed, sums(storage), find_stale(storage)) == ([], before, {})
    assert erase(storage, ALL, Subject("acme", "ann-17"), by="me", reason="again") is None


ANN_FILE = "ann-17.jsonl"


def paths(storage: Storage) -> list[str]:
    """The paths of the landing files that the state knows."""
    with storage.warehouse.connect() as connection:
        return [file.path for file in landed_files.files(connection)]


def test_members_whose_ids_hold_the_erased_one_stay_also_where_there_are_many(
    storage: Storage, landing: Landing, run: Run
) -> None:
    """A breakdown has no more than 1,000 members of a day, those with the most usage."""
    many = [event(f"m{number}", userId=f"u{number}", tokensIn=2_000) for number in range(1_000)]
    few = [event("bob", userId="bob"), event("jim", userId="jim.bob@x.com", tokensIn=1, prompt="jim's")]
    landing.write("persona", MAY_1, [*many, *few])
    run()
    erase_member(storage, "acme", "bob")
    members = {member for (member,) in rows(storage, DAILY_USAGE.spec, "member_id")}
    assert {"jim.bob@x.com", "(erased)"} <= members
    assert "bob" not in members
    assert rows(storage, CONTENT, "prompt") == [("jim's",)]


def test_tenants_of_whom_only_rejected_lines_are_known_are_told_apart(
    storage: Storage, landing: Landing, run: Run
) -> None:
    refused = [event("x", "acme-eu", event="?"), event("s", " acme ")]
    landing.write("persona", MAY_1, [event("a"), *refused, event("g", "globex")])
    landing.write("persona", MAY_1, [event("y", "acme-de", event="?")], tenant="acme-de")
    landing.write("persona", MAY_1, ["{"], tenant="acme-us")
    run()
    known = paths(storage)
    erase_acme(storage)
    assert rows(storage, REJECTED_LINES, "tenant_id", "raw") == [
        ("acme-de", json.dumps(event("y", "acme-de", event="?"))),
        ("acme-eu", json.dumps(refused[0])),
        ("acme-us", "{"),
    ]
    assert paths(storage) == known
    again = run()
    assert (again.landed, find_stale(storage)) == ([], {})


def test_files_of_others_that_are_named_after_the_tenant_stay(
    storage: Storage, landing: Landing, run: Run
) -> None:
    broken = landing.write("persona", MAY_1, [event("b", "beta")], tenant="beta", name="acme.jsonl.gz")
    broken.write_bytes(broken.read_bytes()[:-9])
    whole = landing.write("persona", MAY_1, [event("c", "beta")], tenant="beta", name="acme.jsonl")
    landing.write("persona", MAY_1, [event("a")])
    run()
    known = files(storage)
    assert known["acme.jsonl.gz"].state is landed_files.FileState.FAILED
    erase_acme(storage)
    assert broken.exists()
    assert whole.exists()
    assert {name: file.path for name, file in files(storage).items()} == {
        name: file.path for name, file in known.items()
    }
    again = run()
    assert (again.landed, find_stale(storage)) == ([], {})


def test_rejected_lines_without_a_tenant_that_name_another_one_stay(
    storage: Storage, landing: Landing, run: Run
) -> None:
    """Not those that name nobody: they may be the member's."""
    others = '{"id": "x", "tenant": "beta", "userId": "admin"}'
    mine = ['{"userId": "admin"}', '{"tenant": "beta", "to": "acme", "userId": "admin"}']
    events = [event("a", userId="admin"), event("b", "beta", userId="admin")]
    path = landing.write("persona", MAY_1, [*events, others, *mine])
    run()
    assert len(rows(storage, REJECTED_LINES, "raw")) == 3
    erase_member(storage, "acme", "admin")
    assert rows(storage, REJECTED_LINES, "raw") == [(others,)]
    assert path.read_text().splitlines() == ["", json.dumps(events[1]), others, "", ""]


def test_reports_of_others_that_hold_the_id_are_mentions(storage: Storage, landing: Landing, run: Run) -> None:
    """Of a project, which has the same name."""
    landing.write("persona", MAY_1, [event("a", userId="ann"), event("b", "beta")])
    run()
    report = storage.settings.data_dir / "reports" / "beta" / "2026-05" / "report.csv"
    report.parent.mkdir(parents=True)
    report.write_text("project,tokens\nacme,1\nann,2\n")
    erase_member(storage, "acme", "ann")
    assert erase_acme(storage).mentions == 1
    assert report.exists()
    stray = storage.settings.data_dir / "reports" / "report.csv"
    stray.write_text("beta")
    with pytest.raises(ErasureError, match=r"The id is in reports/report.csv, which the pipeline does not know"):
        erase_acme(storage, "beta")
