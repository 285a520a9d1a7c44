"""Which plan is in force for whom on a day, and which days it keeps."""

from datetime import date

import pytest
from pydantic import ValidationError

from usage_pipeline.tenants.models import Plan, Tenant, Tenants

TENANTS = Tenants(
    plans={
        "free": Plan(retention_days=90),
        "pro": Plan(retention_days=365),
        "archive": Plan(retention_days=None),
    },
    default_plan="free",
    by_id={
        "acme": Tenant.model_validate(
            {"plans": [{"from": date(2025, 3, 12), "plan": "pro"}, {"from": date(2025, 1, 1), "plan": "archive"}]}
        ),
        "planless": Tenant(),
    },
)


@pytest.mark.parametrize(
    ("tenant", "day", "plan"),
    [
        pytest.param("acme", date(2024, 12, 31), "free", id="before its first plan"),
        pytest.param("acme", date(2025, 1, 1), "archive", id="on the first day of its first plan"),
        pytest.param("acme", date(2025, 3, 11), "archive", id="on the last day of its first plan"),
        pytest.param("acme", date(2025, 3, 12), "pro", id="on the day of the change"),
        pytest.param("acme", date(2030, 1, 1), "pro", id="long after the last change"),
        pytest.param("planless", date(2025, 3, 12), "free", id="a tenant without plans"),
        pytest.param("nobody", date(2025, 3, 12), "free", id="a tenant that no file names"),
    ],
)
def test_the_plan_in_force_is_the_last_that_has_started_else_the_default(
    tenant: str, day: date, plan: str
) -> None:
    assert TENANTS.plan_of(tenant, day) == plan


@pytest.mark.parametrize(
    ("tenant", "day", "start"),
    [
        pytest.param("acme", date(2024, 12, 31), date(2024, 10, 2), id="90 days on the default plan"),
        pytest.param("acme", date(2025, 1, 1), None, id="no limit"),
        pytest.param("acme", date(2025, 3, 12), date(2024, 3, 12), id="365 days"),
        pytest.param("nobody", date(2025, 3, 31), date(2024, 12, 31), id="unknown tenant"),
    ],
)
def test_the_first_day_kept_is_the_day_minus_the_retention_of_the_plan_in_force(
    tenant: str, day: date, start: date | None
) -> None:
    assert TENANTS.retention_start(tenant, day) == start


def test_tenants_that_no_file_names_keep_what_the_default_plan_keeps() -> None:
    assert TENANTS.default_retention_start(date(2025, 3, 31)) == date(2024, 12, 31)


def test_a_retention_longer_than_the_calendar_keeps_everything() -> None:
    tenants = Tenants(plans={"long": Plan(retention_days=10**9)}, default_plan="long", by_id={})
    assert tenants.retention_start("acme", date(2025, 3, 31)) == date.min


def test_two_plans_on_one_day_are_refused() -> None:
    plans = [{"from": date(2025, 1, 1), "plan": "free"}, {"from": date(2025, 1, 1), "plan": "pro"}]
    with pytest.raises(ValidationError, match="two plans start on the same day"):
        Tenant.model_validate({"plans": plans})
