"""`prune` prints what is past its term and whose, and removes it unless that is unusual."""

import json
from collections.abc import Callable
from datetime import date

import pytest

from usage_pipeline.errors import PruningError
from usage_pipeline.pipeline.refresh import PlainRunner, refresh
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.support import Landing, prompt, rows

Call = Callable[..., str]
PAST = "2026-03-01"
REFERENCE = {
    "plans": "default: free\nfree: {retention_days: 90}\nlong: {retention_days: null}\n",
    "tenants": "globex: {plans: [{from: 2020-01-01, plan: long}], "
    "legal_hold: {reason: case 4711, by: legal, since: 2026-01-01}}\n",
}


@pytest.fixture(autouse=True)
def landed(storage: Storage, landing: Landing, settings: Settings, prepare: Prepare) -> None:
    """Two records past their term and one of a tenant that keeps all, and twenty of now."""

    def land() -> None:
        settings.reference.mkdir(parents=True, exist_ok=True)
        for name, text in REFERENCE.items():
            (settings.reference / f"{name}.yaml").write_text(text)
        past = [prompt(name, f"{PAST}T08:00:00Z", prompt="x") for name in "ab"]
        landing.write("persona", PAST, [*past, prompt("g", f"{PAST}T08:00:00Z", tenantId="globex", prompt="x")])
        landing.write("persona", "2026-05-31", [prompt(f"n{n}", "2026-05-31T08:00:00Z") for n in range(20)])
        refresh(storage, PlainRunner(storage))

    prepare("landed", land)


def test_a_dry_run_prints_from_when_on_what_is_kept_of_whom(call: Call) -> None:
    lines = [line.split() for line in call("prune", "--dry-run").splitlines()]
    assert ["globex", "long", "–", "–", "case", "4711"] in lines
    assert ["(others)", "free", "2026-05-02", "2026-03-03", "–"] in lines


def test_a_dry_run_prints_what_would_go_and_removes_nothing(call: Call, storage: Storage) -> None:
    (row,) = json.loads(call("prune", "--dry-run", "--format", "json"))
    assert {name: row[name] for name in ("day", "files", "texts", "records", "rejects")} == {
        "day": PAST,
        "files": 0,
        "texts": 2,
        "records": 2,
        "rejects": 0,
    }
    assert len(rows(storage, USAGE_RECORDS.spec, "record_id")) == 23


def test_it_removes_what_is_past_its_term_says_so_of_days_and_files_and_the_second_time_nothing(
    call: Call, storage: Storage
) -> None:
    first, second = (json.loads(call("prune", "--format", "json")) for _ in range(2))
    assert ([row["records"] for row in first], second) == ([2], [])
    assert [name for (name,) in rows(storage, USAGE_RECORDS.spec, "record_id") if name in "abg"] == ["g"]
    (day,) = json.loads(call("days", "--from", PAST, "--to", PAST, "--format", "json"))
    (file,) = json.loads(call("files", "--from", PAST, "--to", PAST, "--format", "json"))
    assert (day["status"], day["records"], day["pruned"], file["accepted_pruned"]) == ("final", 1, 2, 2)


def test_a_day_that_is_not_up_to_date_keeps_its_records_and_the_exit_code_says_so(
    call: Call, storage: Storage, landing: Landing
) -> None:
    landing.write(
        "persona", "2026-06-01", [prompt("late", f"{PAST}T08:00:00Z", tenantId="globex")], name="late.jsonl"
    )
    PlainRunner(storage).land([date(2026, 6, 1)])
    with pytest.raises(PruningError, match="Records from 2026-03-01 on are kept for now"):
        call("prune")


def test_an_unusual_share_is_refused_without_a_confirmation(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USAGE_PRUNE_SHARE_LIMIT", "0.05")
    with pytest.raises(PruningError, match="This would remove the records of 9% of all lines"):
        call("prune")
    assert len(json.loads(call("prune", "--confirm", "--format", "json"))) == 1
