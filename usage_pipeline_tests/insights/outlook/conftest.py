"""A deployment of which everything ahead is certain: acme uses the same on each Friday."""

from collections.abc import Callable

import pytest

from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.insights.metered import PRICES, RATES, metered, write_format
from usage_pipeline_tests.support import Landing, land_and_compute

TENANTS = """
acme: {billing_anchor_day: 20, plans: [{from: 2026-05-01, plan: small}]}
initech: {}
"""
PLANS = """
small: {retention_days: 90, monthly_credits: "240"}
none: {retention_days: 90}
default: none
"""
LIMITS = """
- {id: month, tenant: acme, metric: tokens_total, period: month, amount: "250"}
- {id: members, tenant: acme, metric: tokens_total, scope: {member_id: "*"}, period: billing, amount: "200"}
- {id: day, tenant: "*", metric: cost, period: day, amount: "99.99"}
- {id: rolling, tenant: acme, metric: requests, period: {rolling_days: 15}, amount: "4"}
- {id: long, tenant: acme, metric: requests, period: {rolling_days: 183}, amount: "40"}
- {id: bytes, tenant: acme, metric: bytes, period: month, amount: "1"}
"""
FRIDAYS = (1, 8, 15, 22, 29)


def write_and_compute(storage: Storage) -> None:
    """Land what ann and bob of acme used on Fridays of May 2026: 70 and 30 tokens; and globex on the last one."""
    lines = [
        metered(f"{member}{day}", day, tokens, member=member, project="red")
        for day in FRIDAYS
        for member, tokens in (("ann", 70), ("bob", 30))
    ]
    lines.append(metered("g1", 29, 5, tenant="globex"))
    Landing(storage.settings.landing).write("metered", "2026-05-31", lines)
    land_and_compute(storage, "records", "rollups", "series", "costs", "credits")


@pytest.fixture(scope="module")
def fridays(open_filled: Callable[..., Storage], tmp_path_factory: pytest.TempPathFactory) -> Storage:
    """Each Friday acme used 100 tokens, 100 dollars, 50 credits and 2 requests; the present is 1 June 2026."""
    folder = tmp_path_factory.mktemp("fridays")
    (folder / "reference").mkdir()
    written = {"prices": PRICES, "credit_rates": RATES, "tenants": TENANTS, "plans": PLANS, "limits": LIMITS}
    for name, text in written.items():
        (folder / "reference" / f"{name}.yaml").write_text(text)
    formats = write_format(folder / "formats")
    return open_filled(write_and_compute, formats_dir=formats, reference_dir=folder / "reference")
