"""Ids that hold one another: what has the id as a word of a longer name is nobody's trace."""

import pytest
from sqlalchemy import select

from usage_pipeline.delivery.message import Message
from usage_pipeline.delivery.outbox import enqueue, outbox
from usage_pipeline.errors import ErasureError
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.refresh import find_stale
from usage_pipeline.retention.erasure.erasing import erase, plan
from usage_pipeline.retention.erasure.subject import Subject
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import NOW
from usage_pipeline_tests.retention.erased import ALL, MAY_1, Run, event
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
    known = files(storage)
    erase_member(storage, "ann@x.com", "ann")
    assert rows(storage, LANDED_EVENTS, "tenant_id", "member_id") == [
        ("ann@x.com", "(erased)"),
        ("ann@x.com", "bob"),
    ]
    with storage.warehouse.connect() as connection:
        found = connection.execute(select(outbox.c.tenant_id, outbox.c.subject)).all()
    assert [tuple(row) for row in found] == [("ann@x.com", "Usage of (erased)")]
    assert [file.path for file in files(storage).values()] == [file.path for file in known.values()]
    again = run()
    assert (again.landed, find_stale(storage)) == ([], {})
    assert rows(storage, DAILY_USAGE.spec, "tenant_id", "records") == [("ann@x.com", 1), ("ann@x.com", 1)]
