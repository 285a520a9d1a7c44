"""Alerts on numbers that are not as expected, and on limits that will probably be passed."""

from datetime import date
from decimal import Decimal

from usage_pipeline.insights.kept.tables import LIMIT_OUTLOOKS, USAGE_ANOMALIES, USAGE_TRENDS
from usage_pipeline_tests.alerts.data import DataAlerts

MAY_30, MAY_31, JUNE_1 = date(2026, 5, 30), date(2026, 5, 31), date(2026, 6, 1)


def looked(on_data: DataAlerts, as_of: date) -> None:
    """Let insights be kept as of a day."""
    on_data.put(USAGE_TRENDS, {"as_of": as_of, "tenant_id": "acme", "measure": "requests"})


def odd(as_of: date, measure: str, kind: str, severity: str = "high", **more: object) -> dict[str, object]:
    """An anomaly of acme that goes on as of a day."""
    days = {"first_day": as_of, "last_day": as_of, "worst_day": as_of}
    numbers = {name: Decimal(number) for name, number in zip(("value", "expected"), (150, 30), strict=True)}
    about = {"as_of": as_of, "tenant_id": "acme", "measure": measure, "kind": kind, "severity": severity}
    return {**about, **days, **numbers, "low": Decimal("26.975"), "high": Decimal(33), **more}


def outlook(as_of: date, probability: str, used: int = 150) -> dict[str, object]:
    """A limit of acme that may be passed."""
    about = {"as_of": as_of, "limit_id": "tokens", "tenant_id": "acme", "metric": "tokens_total"}
    numbers = {"amount": 200, "used": used, "expected": 260, "probability": Decimal(probability)}
    days = {"last_day": date(2026, 6, 14), "day": date(2026, 6, 7), "earliest": date(2026, 6, 5)}
    return {**about, "period": "billing", **numbers, **days}


def test_what_happens_to_a_tenant_is_one_alert_however_many_measures_show_it(on_data: DataAlerts) -> None:
    looked(on_data, MAY_31)
    explanation = [{"dimension": "feature", "value": "search"}]
    on_data.put(
        USAGE_ANOMALIES,
        odd(MAY_31, "tokens_total", "spike", score=Decimal(9), explanation=explanation),
        odd(MAY_31, "cost", "rise", "medium", score=Decimal(5)),
        odd(MAY_31, "requests", "drop", score=Decimal(7)),
        odd(MAY_31, "prompts", "spike", "low", score=Decimal(3)),
        odd(MAY_31, "messages", "spike", last_day=MAY_30),
        odd(MAY_31, "tokens_total", "spike", tenant_id=""),
    )
    on_data.tick()
    on_data.tick()
    assert on_data.history("kind", "tenant_id", "subject", "last_day", "state") == [
        ("anomaly", "acme", "higher", MAY_31, "raised"),
        ("anomaly", "acme", "lower", MAY_31, "raised"),
    ]
    (text,) = on_data.sent("text")
    assert "tokens_total 150 instead of 30 (26.98 to 33); cost 150 instead of 30 (26.98 to 33)\n" in text
    assert "feature search" in text


def test_an_anomaly_resolves_as_of_a_later_day_and_ends_without_one(on_data: DataAlerts) -> None:
    looked(on_data, MAY_30)
    on_data.put(USAGE_ANOMALIES, odd(MAY_30, "cost", "spike"), odd(MAY_30, "requests", "drop"))
    on_data.tick("2026-05-31T01:45")
    looked(on_data, MAY_31)
    on_data.put(USAGE_ANOMALIES, odd(MAY_31, "requests", "fall"))
    on_data.tick("2026-06-01T01:45")
    assert on_data.history() == [("higher", 1, "resolved"), ("lower", 1, "raised")]
    on_data.tick("2026-06-05")
    assert on_data.history() == [("higher", 1, "resolved"), ("lower", 1, "ended")]


def test_a_limit_that_will_probably_be_passed_is_told_of_until_that_is_unlikely(on_data: DataAlerts) -> None:
    found = []
    for day, probability in ((29, "0.79"), (30, "0.80"), (31, "0.50")):
        looked(on_data, date(2026, 5, day))
        on_data.put(LIMIT_OUTLOOKS, outlook(date(2026, 5, day), probability))
        on_data.tick(f"2026-{'06-01' if day == 31 else f'05-{day + 1}'}")
        found.append(on_data.history())
    assert found == [[], [("tokens", 1, "raised")], [("tokens", 1, "raised")]]
    (text,) = on_data.sent("text")
    assert text.splitlines() == [
        "The limit tokens of acme will probably be passed.",
        "",
        "What:        tokens_total",
        "Used:        150 of 200, by 2026-05-30 (UTC)",
        "Period:      billing, looked at until 2026-06-14",
        "Expected:    260 at the end of it",
        "Probability: 80 %",
        "Passed:      2026-06-07, or from 2026-06-05 on",
    ]
    looked(on_data, JUNE_1)
    on_data.put(LIMIT_OUTLOOKS, outlook(JUNE_1, "0.49"))
    on_data.tick("2026-06-02")
    assert on_data.history() == [("tokens", 1, "resolved")]


def test_a_limit_that_is_passed_ends_its_projection(on_data: DataAlerts) -> None:
    looked(on_data, MAY_30)
    on_data.put(LIMIT_OUTLOOKS, outlook(MAY_30, "0.95"))
    on_data.tick("2026-05-31")
    looked(on_data, MAY_31)
    on_data.put(LIMIT_OUTLOOKS, outlook(MAY_31, "1", used=201))
    on_data.tick("2026-06-01")
    assert on_data.history() == [("tokens", 1, "ended")]
    assert len(on_data.sent("subject")) == 1
