"""Which days are kept of whom, by plans, upgrades and legal holds."""

from datetime import date

import pytest

from usage_pipeline.retention.terms import Terms
from usage_pipeline.storage.tables import Term
from usage_pipeline.tenants.models import Plan, Tenant, Tenants

TODAY = date(2026, 6, 1)
PLANS = {
    "free": Plan(retention_days=90, content_retention_days=30),
    "pro": Plan(retention_days=365, content_retention_days=60),
    "archive": Plan(retention_days=None, content_retention_days=None),
    "texts": Plan(retention_days=20, content_retention_days=None),
}
HOLD = {"reason": "a lawsuit", "by": "legal"}
TENANTS: dict[str, dict[str, object]] = {
    "acme": {"plans": [{"from": date(2025, 1, 1), "plan": "free"}]},
    "upgraded": {
        "plans": [{"from": date(2025, 1, 1), "plan": "free"}, {"from": date(2026, 5, 31), "plan": "pro"}]
    },
    "to be upgraded": {"plans": [{"from": date(2026, 6, 2), "plan": "pro"}]},
    "archive": {"plans": [{"from": date(2025, 1, 1), "plan": "archive"}]},
    "texts": {"plans": [{"from": date(2025, 1, 1), "plan": "texts"}]},
}


def terms(**holds: date) -> Terms:
    entries = {**TENANTS, **{name: {"legal_hold": {**HOLD, "since": since}} for name, since in holds.items()}}
    by_id = {name: Tenant.model_validate(entry) for name, entry in entries.items()}
    return Terms(Tenants(plans=PLANS, default_plan="free", by_id=by_id), TODAY, TODAY)


@pytest.mark.parametrize(
    ("tenant", "records", "texts"),
    [
        ("acme", date(2026, 3, 3), date(2026, 5, 2)),
        ("unlisted", date(2026, 3, 3), date(2026, 5, 2)),
        (None, date(2026, 3, 3), date(2026, 5, 2)),
        ("upgraded", date(2025, 6, 1), date(2026, 4, 2)),
        ("to be upgraded", date(2026, 3, 3), date(2026, 5, 2)),
        ("archive", None, None),
        ("texts", date(2026, 5, 12), date(2026, 5, 12)),
    ],
)
def test_the_plan_in_force_says_which_days_are_kept_and_texts_no_longer_than_records(
    tenant: str | None, records: date | None, texts: date | None
) -> None:
    assert (terms().first_kept(Term.RECORDS, tenant), terms().first_kept(Term.CONTENT, tenant)) == (records, texts)


@pytest.mark.parametrize("since", [date(2026, 6, 1), date(2020, 1, 1)])
def test_nothing_of_a_tenant_on_hold_is_past_its_term(since: date) -> None:
    held = terms(globex=since)
    assert held.first_kept(Term.RECORDS, "globex") is None
    assert held.first_kept(Term.CONTENT, "globex") is None


def test_a_hold_keeps_what_may_be_of_the_tenant_and_nothing_of_others() -> None:
    held = terms(globex=TODAY)
    assert held.first_kept(Term.CONTENT, None) is None
    assert held.first_kept(Term.CONTENT, "acme") == date(2026, 5, 2)


def test_a_hold_of_today_counts_with_the_terms_of_an_earlier_day() -> None:
    tenants = terms(globex=TODAY).tenants
    assert Terms(tenants, date(2026, 5, 1), TODAY).first_kept(Term.RECORDS, "globex") is None


def test_a_hold_that_begins_tomorrow_keeps_nothing_today() -> None:
    assert terms(globex=date(2026, 6, 2)).first_kept(Term.CONTENT, "globex") == date(2026, 5, 2)


def test_tables_without_a_term_are_kept() -> None:
    assert terms().first_kept(Term.KEPT, "acme") is None
