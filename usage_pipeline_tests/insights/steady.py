"""A tenant that uses the same every week, and five times as much on the last day, 2026-05-31."""

from datetime import date, timedelta

from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.insights.advised import PRICES, RATES, prompt
from usage_pipeline_tests.insights.daily import WEEK
from usage_pipeline_tests.support import Landing, land_and_compute

AS_OF = date(2026, 5, 31)
DAYS = 63
SPIKE = 5


def tokens_on(day: date) -> int:
    """The tokens of a day."""
    return 1000 * WEEK[day.weekday()] * (SPIKE if day == AS_OF else 1)


def fill(storage: Storage) -> None:
    """Land and compute nine weeks of acme."""
    reference = storage.settings.reference
    reference.mkdir(parents=True, exist_ok=True)
    for name, content in {"prices": PRICES, "credit_rates": RATES}.items():
        (reference / f"{name}.yaml").write_text(content)
    days = [AS_OF - timedelta(days=back) for back in reversed(range(DAYS))]
    lines = [prompt(number, "acme", f"{day:%m-%d}", tokens_on(day)) for number, day in enumerate(days)]
    Landing(storage.settings.landing).write("persona", "2026-05-31", lines)
    land_and_compute(storage, "records", "rollups", "series", "breakdowns", "costs", "credits")
