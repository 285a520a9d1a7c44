"""`erase` prints a plan, and erases only when that is confirmed."""

import json
from collections.abc import Callable

import pytest

from usage_pipeline.errors import ErasureError
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import FillOnce
from usage_pipeline_tests.support import Landing, files, prompt, rows

DAY = "2026-05-01"
ERASE = ("erase", "--tenant", "acme", "--format", "json")


def land_two(storage: Storage) -> None:
    """Land and compute a line of a member of acme, and one of globex in the same file."""
    of_ann = prompt("acme", f"{DAY}T08:00:00Z", tenantId="acme", userId="ann")
    of_globex = prompt("globex", f"{DAY}T08:00:00Z", tenantId="globex")
    Landing(storage.settings.landing).write("persona", DAY, [of_ann, of_globex])
    refresh(storage, PlainRunner(storage))


@pytest.fixture
def landed(storage: Storage, fill_once: FillOnce) -> Storage:
    """A line of acme in a file that it shares."""
    fill_once(storage, land_two)
    return storage


def numbers(printed: str) -> dict[str, int]:
    return {f"{row['place']} {row['becomes']}": row["number"] for row in json.loads(printed)}


def test_without_a_confirmation_only_the_plan_is_printed(call: Callable[..., str], landed: Storage) -> None:
    dry = call(*ERASE, "--dry-run")
    assert numbers(dry)["landing blanked"] == 1
    assert numbers(dry)["lake/usage_records removed"] == 1
    assert numbers(dry)["rollups/daily_usage summed"] == 1
    assert call(*ERASE, "--reason", "a request") == dry
    assert files(landed)["events.jsonl"].accepted_pruned == 0


def test_a_confirmed_erasure_prints_the_certificate(call: Callable[..., str], landed: Storage) -> None:
    certificate = json.loads(call(*ERASE, "--confirm", "--reason", "a request", "--by", "me"))
    assert (certificate["kind"], certificate["by"], certificate["reason"]) == ("tenant", "me", "a request")
    assert (landed.settings.data_dir / "erasures" / f"{certificate['id']}.json").exists()
    assert files(landed)["events.jsonl"].accepted_pruned == 1
    assert call(*ERASE, "--dry-run") == "[]\n"


def test_an_erasure_prints_where_its_certificate_is(call: Callable[..., str], landed: Storage) -> None:
    lines = call(*ERASE[:3], "--confirm", "--reason", "a request").splitlines()
    (certificate,) = (landed.settings.data_dir / "erasures").iterdir()
    assert (lines[0].strip(), f"Certificate: {certificate}" in lines) == ("Erased", True)


def test_a_member_is_erased_from_the_records_of_its_tenant(call: Callable[..., str], landed: Storage) -> None:
    call(*ERASE, "--member", "ann", "--confirm", "--reason", "a request")
    found = rows(landed, USAGE_RECORDS.spec, "tenant_id", "member_id")
    assert found == [("acme", "(erased)"), ("globex", None)]


@pytest.mark.parametrize("who", [("--tenant", " "), ("--tenant", "acme", "--member", "")])
def test_an_empty_id_is_a_wrong_call(call: Callable[..., str], who: tuple[str, ...]) -> None:
    call("erase", *who, "--confirm", "--reason", "a request", exit_code=2)


@pytest.mark.usefixtures("landed")
def test_a_confirmation_needs_a_reason(call: Callable[..., str]) -> None:
    call(*ERASE, "--confirm", "--reason", " ", exit_code=2)


@pytest.mark.usefixtures("landed")
def test_a_plan_that_cannot_begin_says_why(call: Callable[..., str], landing: Landing) -> None:
    landing.write("persona", DAY, [], name="new.jsonl")
    with pytest.raises(ErasureError, match=r"new.jsonl has not landed yet"):
        call(*ERASE, "--dry-run")
