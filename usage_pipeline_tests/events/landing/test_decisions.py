"""Decisions about files: what is refused, what the audit log keeps, and that landing goes on beside them."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from usage_pipeline.errors import LockTimeoutError, QueryError
from usage_pipeline.events.landing.decisions import release, withdraw
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.audit import PIPELINE, Action
from usage_pipeline.storage.locks import partition_locks
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import partition_state
from usage_pipeline_tests.conftest import NOW, Prepare
from usage_pipeline_tests.support import Landing, at, files, logged, prompt
from usage_pipeline_tests.waiting import wait_for_waiting

Decide = Callable[[Storage, str, str, str], object]
DAY = date(2026, 5, 1)
TIME = "2026-05-01T08:00:00Z"
FOLDER = "persona/2026-05-01"
LATER = datetime(2026, 6, 2, 10, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _one_file_of_each_state(
    storage: Storage, landing: Landing, land: Callable[[str], None], prepare: Prepare
) -> None:
    good = [prompt(f"e{number}", TIME) for number in range(90)]
    landing.write("persona", "2026-05-01", good, name="landed.jsonl")
    landing.write("persona", "2026-05-01", [*good, *["{"] * 10], name="quarantined.jsonl")
    landing.write("persona", "2026-05-01", good[:1], name="withdrawn.jsonl")
    landing.write_bytes("persona", "2026-05-01", b"", name="failed.jsonl.gz").write_bytes(b"\x1f\x8b")

    def land_and_withdraw() -> None:
        land("2026-05-01")
        withdraw(storage, f"{FOLDER}/withdrawn.jsonl", "a test", "ann")

    prepare("one_file_of_each_state", land_and_withdraw)


def everything(storage: Storage) -> tuple[Any, ...]:
    """All that a decision may change: files, audit log, and the state of the landing day."""
    with storage.warehouse.connect() as connection:
        partitions = connection.execute(partition_state.select()).all()
    return files(storage), logged(storage), partitions


@pytest.mark.parametrize(
    ("decide", "name", "told"),
    [
        (release, "landed.jsonl", "is landed. Only a quarantined or withdrawn file can be released."),
        (release, "failed.jsonl.gz", "is failed. Only a quarantined or withdrawn file can be released."),
        (withdraw, "withdrawn.jsonl", "is withdrawn. Only a landed or quarantined file can be withdrawn."),
        (withdraw, "failed.jsonl.gz", "is failed. Only a landed or quarantined file can be withdrawn."),
    ],
)
def test_a_file_of_another_state_is_refused_and_nothing_changes(
    storage: Storage, decide: Decide, name: str, told: str
) -> None:
    before = everything(storage)
    with pytest.raises(QueryError) as error:
        decide(storage, f"{FOLDER}/{name}", "a reason", "ann")
    assert str(error.value) == f"{FOLDER}/{name} {told}"
    assert everything(storage) == before


@pytest.mark.parametrize("decide", [release, withdraw])
def test_an_unknown_file_is_refused_and_nothing_changes(storage: Storage, decide: Decide) -> None:
    before = everything(storage)
    with pytest.raises(
        QueryError, match=r"No landing file 'landed\.jsonl' is known; `usage-pipeline files` lists"
    ):
        decide(storage, "landed.jsonl", "a reason", "ann")
    assert everything(storage) == before


@pytest.mark.parametrize(("decide", "name"), [(release, "quarantined.jsonl"), (withdraw, "landed.jsonl")])
@pytest.mark.parametrize("reason", ["", " \n"])
def test_without_a_reason_nothing_is_decided(storage: Storage, decide: Decide, name: str, reason: str) -> None:
    before = everything(storage)
    with pytest.raises(QueryError, match="A reason is needed, for the audit log"):
        decide(storage, f"{FOLDER}/{name}", reason, "ann")
    assert everything(storage) == before


@pytest.mark.parametrize(
    ("decide", "name", "action", "rejected"),
    [
        (release, "quarantined.jsonl", Action.RELEASED, 10),
        (withdraw, "landed.jsonl", Action.WITHDRAWN, 0),
    ],
)
def test_a_decision_is_logged_with_when_by_whom_what_and_why(
    storage: Storage, decide: Decide, name: str, action: Action, rejected: int
) -> None:
    earlier = logged(storage, f"{FOLDER}/{name}")
    decide(at(storage, LATER), f"{FOLDER}/{name}", " they asked for it ", "ann")
    (entry,) = logged(storage, f"{FOLDER}/{name}")[len(earlier) :]
    assert (entry.at, entry.by, entry.action, entry.subject, entry.reason) == (
        LATER,
        "ann",
        action,
        f"{FOLDER}/{name}",
        "they asked for it",
    )
    digest = files(storage)[name].content_digest
    assert entry.details == {"content_digest": digest, "accepted": 90, "accepted_pruned": 0, "rejected": rejected}


def test_landing_logs_what_it_sets_apart_once(storage: Storage, land: Callable[[str], None]) -> None:
    land("2026-05-01")
    found = [(entry.at, entry.by, entry.action, entry.subject) for entry in logged(storage)]
    assert found == [
        (NOW, PIPELINE, Action.FAILED, f"{FOLDER}/failed.jsonl.gz"),
        (NOW, PIPELINE, Action.QUARANTINED, f"{FOLDER}/quarantined.jsonl"),
        (NOW, "ann", Action.WITHDRAWN, f"{FOLDER}/withdrawn.jsonl"),
    ]


@pytest.mark.parametrize(("decide", "name"), [(release, "quarantined.jsonl"), (withdraw, "landed.jsonl")])
def test_a_decision_waits_for_a_landing_of_the_day_and_gives_up_in_time(
    storage: Storage, decide: Decide, name: str
) -> None:
    before = everything(storage)
    hasty = replace(storage, settings=storage.settings.model_copy(update={"lock_timeout_seconds": 1}))
    with partition_locks(storage.warehouse, LANDED_EVENTS.name, [DAY], 1), pytest.raises(LockTimeoutError):
        decide(hasty, f"{FOLDER}/{name}", "a reason", "ann")
    assert everything(storage) == before


def landed_by_other_rules_meanwhile(storage: Storage, **changes: object) -> list[Exception | None]:
    """Withdraw while the file's day is landing; the landing changes the file's row so. How that ended."""
    ended: list[Exception | None] = []

    def decide() -> None:
        try:
            withdraw(storage, f"{FOLDER}/landed.jsonl", "a reason", "ann")
        except QueryError as error:
            ended.append(error)
        else:
            ended.append(None)

    decider = threading.Thread(target=decide)
    with partition_locks(storage.warehouse, LANDED_EVENTS.name, [DAY], 1) as connection:
        decider.start()
        wait_for_waiting(storage)
        landed_files.record_files(connection, [replace(files(storage)["landed.jsonl"], **changes)])
        connection.commit()
    decider.join()
    return ended


def test_a_file_that_landed_by_other_rules_meanwhile_keeps_its_new_object(storage: Storage) -> None:
    ended = landed_by_other_rules_meanwhile(storage, object_name="another", accepted=89)
    file = files(storage)["landed.jsonl"]
    assert (ended, file.state, file.object_name, file.accepted) == ([None], "withdrawn", "another", 89)


def test_a_file_whose_content_changed_meanwhile_is_not_withdrawn(storage: Storage) -> None:
    (error,) = landed_by_other_rules_meanwhile(storage, content_digest="another")
    assert str(error) == f"{FOLDER}/landed.jsonl has just landed, or somebody else has decided; look at it again."
    assert files(storage)["landed.jsonl"].state == "landed"
