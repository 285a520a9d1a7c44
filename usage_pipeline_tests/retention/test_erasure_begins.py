"""What an erasure would do, and what it does not begin with."""

import re
from datetime import date

import pytest

from usage_pipeline.errors import ErasureError
from usage_pipeline.events.landing.decisions import withdraw
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.pipeline.refresh import PlainRunner
from usage_pipeline.retention.erasure.erasing import erase, plan
from usage_pipeline.retention.erasure.subject import Subject
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.retention.erased import (
    ACME,
    ALL,
    MAY_1,
    MAY_3,
    AddReference,
    Run,
    erase_acme,
    event,
    tenants,
)
from usage_pipeline_tests.support import Landing, digests, files, rows


def test_a_tenant_that_is_still_listed_is_refused(storage: Storage, add_reference: AddReference) -> None:
    add_reference("tenants", "acme: {}")
    refusal = "tenants.yaml still lists acme. Remove it there first, then erase it."
    with pytest.raises(ErasureError, match=refusal):
        erase_acme(storage)
    assert plan(storage, ALL, ACME).obstacle == refusal


def test_a_tenant_with_grants_in_a_file_is_refused(storage: Storage, add_reference: AddReference) -> None:
    add_reference(
        "grants",
        '[{id: t1, tenant: acme, kind: topup, amount: "1", effective_at: 2026-05-01T00:00:00Z, reason: bought}]',
    )
    with pytest.raises(ErasureError, match=r"grants.yaml still has grants of acme. Remove them there first"):
        erase_acme(storage)


def test_who_has_limits_in_a_file_is_refused(storage: Storage, add_reference: AddReference) -> None:
    entry = '[{id: one, tenant: acme, metric: prompts, period: day, amount: "1", scope: {member_id: ann-17}}]'
    add_reference("limits", entry)
    for subject in (ACME, Subject("acme", "ann-17")):
        assert plan(storage, ALL, subject).obstacle == (
            f"limits.yaml still has limits of {subject.name}. Remove them there, then erase it."
        )


def test_who_has_holidays_in_a_file_is_refused(storage: Storage, add_reference: AddReference) -> None:
    add_reference("holidays", "[{day: 2026-12-24, name: Christmas Eve, tenants: [acme]}]")
    with pytest.raises(ErasureError, match=r"holidays.yaml still has holidays of acme. Remove it there first"):
        erase_acme(storage)


def test_a_tenant_on_hold_is_refused(storage: Storage, add_reference: AddReference) -> None:
    add_reference("tenants", "acme: {legal_hold: {reason: case 4711, by: legal, since: 2026-01-01}}")
    with pytest.raises(ErasureError, match="acme is on legal hold"):
        erase_acme(storage)


def test_a_name_of_the_pipeline_is_refused(storage: Storage) -> None:
    for name in ("persona", "usage_records", "tenant_id", "dagster", "2026-05-01"):
        with pytest.raises(ErasureError, match="is also a day, or the name of"):
            erase_acme(storage, name)


def test_who_nobody_knows_is_refused_with_who_was_probably_meant(mixed: Storage) -> None:
    for subject, text in (
        (Subject("acmee"), "Nothing of a tenant 'acmee' is stored; did you mean 'acme'?"),
        (Subject("acme", "anne"), "Nothing of a member 'anne' of 'acme' is stored; did you mean 'ann'?"),
    ):
        assert plan(mixed, ALL, subject).obstacle == text
        with pytest.raises(ErasureError, match=re.escape(text)):
            erase(mixed, ALL, subject, by="me", reason="a request")
    assert not (mixed.settings.data_dir / "erasures").exists()


def test_a_word_that_only_others_write_is_nobody(storage: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", MAY_1, [event("g", "globex", provider="openai")])
    run()
    for name in ("openai", "gpt-4o"):
        assert plan(storage, ALL, Subject(name)).obstacle == f"Nothing of a tenant {name!r} is stored."
    assert plan(storage, ALL, Subject("globex", "l")).obstacle == "Nothing of a member 'l' of 'globex' is stored."


def test_a_reason_with_the_id_is_refused(storage: Storage) -> None:
    with pytest.raises(ErasureError, match="must not hold the id"):
        erase(storage, ALL, ACME, by="me", reason="acme asked for it")


def test_a_day_that_is_not_up_to_date_holds_the_erasure_back(mixed: Storage, landing: Landing, run: Run) -> None:
    landing.write("persona", MAY_3, [event("late", "globex")], name="late.jsonl")
    with pytest.raises(ErasureError, match=r"late.jsonl has not landed yet as it is now"):
        erase_acme(mixed)
    PlainRunner(mixed).land([date.fromisoformat(MAY_3)])
    with pytest.raises(ErasureError, match=r"Not up to date: 2026-05-01 .* Run `usage-pipeline run`, then erase"):
        erase_acme(mixed)
    run()
    erase_acme(mixed)


def test_a_shared_file_that_is_named_after_the_tenant_holds_the_erasure_back(
    storage: Storage, landing: Landing, run: Run
) -> None:
    path = landing.write("persona", MAY_1, [event("a"), event("g", "globex")], name="acme.jsonl")
    run()
    with pytest.raises(ErasureError, match=r"acme.jsonl is named after the tenant and holds lines of others"):
        erase_acme(storage)
    path.rename(path.with_name("all.jsonl"))
    run()
    withdraw(storage, f"persona/{MAY_1}/acme.jsonl", "renamed", "me")
    run()
    erase_acme(storage)
    assert rows(storage, DAILY_USAGE.spec, "tenant_id", "tokens_in") == [("erased", 100), ("globex", 100)]
    assert set(files(storage)) == {"all.jsonl"}


def test_the_plan_counts_and_changes_nothing(mixed: Storage) -> None:
    before = digests(mixed)
    found = plan(mixed, ALL, ACME)
    counts = {(count.place, count.what): count.number for count in found.counts}
    assert found.obstacle is None
    assert counts["landing", "files"] == 2
    assert counts["landing", "lines"] == 1
    assert counts["lake/usage_records", "rows"] == 4
    assert counts["rollups/daily_usage", "rows"] == 4
    assert digests(mixed) == before
    assert tenants(mixed, LANDED_EVENTS) == {"acme", "globex"}
