"""What messages say of alerts, and when they may be sent."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from usage_pipeline.alerts.alert import Alert
from usage_pipeline.alerts.digest import due_at, messages
from usage_pipeline.alerts.messages import limit_news
from usage_pipeline.alerts.tables import AlertState
from usage_pipeline.delivery.message import Message
from usage_pipeline.limits.limit_file import Limit, QuietHours
from usage_pipeline.limits.periods import DayRange
from usage_pipeline.limits.status import LimitStatus
from usage_pipeline.tenants.models import Plan, Tenants

NOW = datetime(2026, 5, 21, 12, tzinfo=UTC)
RAISED, RESOLVED = AlertState.RAISED, AlertState.RESOLVED


def alert(
    used: str = "1640.5", threshold: int = 80, state: AlertState = RAISED, tenant: str = "acme", **keys: object
) -> Alert:
    """An alert on 2,000 dollars of the member ann in May."""
    written = {
        "id": "members",
        "tenant": "*",
        "metric": "cost",
        "period": "month",
        "amount": "2000",
        "channels": ["ops"],
        **keys,
    }
    status = LimitStatus(
        limit=Limit.model_validate(written),
        tenant_id=tenant,
        values=("ann <b>", "", ""),
        days=DayRange(date(2026, 5, 1), date(2026, 5, 31)),
        used=Decimal(used),
        first_day_over=None,
        incomplete=True,
        missing_days=1,
        projected=Decimal("2480.756"),
        as_of=NOW,
    )
    return Alert(status, threshold, 1, state)


def sent(*alerts: Alert) -> list[Message]:
    news = limit_news(alerts, Tenants({"default": Plan(retention_days=90)}, "default", {}), NOW)
    return list(messages(news, NOW))


def test_a_message_says_what_of_whom_how_much_and_when() -> None:
    (found,) = sent(alert())
    assert found.subject == "The limit members of acme has reached 80 %"
    assert found.text.splitlines() == [
        "The limit members of acme has reached 80 %.",
        "",
        "What:      cost in USD, member_id ann <b>",
        "Used:      1,640.5 of 2,000, 82 %",
        "Period:    month, 2026-05-01 to 2026-05-31 (UTC)",
        "Projected: 2,480.756 at the end of it",
        "Measured:  2026-05-21 12:00 UTC",
        "Not known: usage without a price or a rate is not included; 1 day without logs, or not computed yet",
    ]


def test_html_shows_names_as_they_are() -> None:
    (found,) = sent(alert())
    assert found.html is not None
    assert "<td>cost in USD, member_id ann &lt;b&gt;</td>" in found.html


def test_a_program_gets_exact_numbers() -> None:
    (found,) = sent(alert())
    assert found.payload is not None
    (told,) = found.payload["data"]["alerts"]
    assert {name: told[name] for name in ("state", "used", "amount", "share", "scope", "last_day")} == {
        "state": "raised",
        "used": "1640.5",
        "amount": "2000",
        "share": "82.025",
        "scope": {"member_id": "ann <b>"},
        "last_day": "2026-05-31",
    }


@pytest.mark.parametrize(
    ("used", "threshold", "state", "subject"),
    [
        ("2000", 100, RAISED, "The limit members of acme has reached 100 %"),
        ("2000.01", 100, RAISED, "The limit members of acme is over"),
        ("1000", 80, RESOLVED, "The limit members of acme is below 80 % again"),
    ],
)
def test_the_subject_says_what_has_happened(used: str, threshold: int, state: AlertState, subject: str) -> None:
    (found,) = sent(alert(used, threshold, state))
    assert found.subject == subject


def test_several_alerts_of_a_tenant_and_way_are_one_message() -> None:
    of_acme = (
        alert(),
        alert("2001", id="b"),
        alert("1", state=RESOLVED, id="c"),
        alert(id="d", channels=["email"]),
    )
    found = sent(*of_acme, alert(tenant="globex"), alert(id="e", channels=[]))
    assert [(message.tenant_id, message.channels, message.subject) for message in found] == [
        ("acme", ("email",), "The limit d of acme has reached 80 %"),
        ("acme", ("ops",), "3 limits of acme: 1 over, 1 reached a threshold, 1 below one again"),
        ("globex", ("ops",), "The limit members of globex has reached 80 %"),
    ]


def test_several_thresholds_of_a_limit_are_one_in_the_subject_and_each_in_the_text() -> None:
    below = (alert("1", 50, RESOLVED), alert("1", 100, RESOLVED))
    (alone,), (beside,) = sent(*below), sent(*below, alert("2001", id="b"))
    assert alone.subject == "The limit members of acme is below 50 % again"
    assert beside.subject == "2 limits of acme: 1 over, 1 below one again"
    assert [line for line in alone.text.splitlines() if line.startswith("The limit")] == [
        "The limit members of acme is below 50 % again.",
        "The limit members of acme is below 100 % again.",
    ]


def test_a_long_message_shows_the_first_and_a_program_gets_all() -> None:
    (found,) = sent(*(alert(id=f"limit-{number}") for number in range(52)))
    assert found.payload is not None
    assert (found.text.count("has reached"), len(found.payload["data"]["alerts"])) == (50, 52)
    assert found.text.splitlines()[-1] == "2 more: `usage-pipeline alerts list` has all of them."


def test_the_key_is_that_of_the_alerts() -> None:
    (first,), (again,), (other,) = sent(alert()), sent(alert("1700")), sent(alert(state=RESOLVED))
    assert first.key == again.key != other.key
    assert first.key == "alerts-9d81a43cf9211c82be97c1bff8df290e", "those that wait in an outbox stay valid"


@pytest.mark.parametrize(
    ("quiet", "zone", "now", "due"),
    [
        (("22:00", "07:00"), "UTC", "21:59", "2026-05-21 21:59"),
        (("22:00", "07:00"), "UTC", "22:00", "2026-05-22 07:00"),
        (("22:00", "07:00"), "UTC", "06:59", "2026-05-21 07:00"),
        (("22:00", "07:00"), "Europe/Berlin", "20:00", "2026-05-22 05:00"),
        (("12:00", "13:30"), "UTC", "13:00", "2026-05-21 13:30"),
        (("12:00", "13:30"), "UTC", "13:30", "2026-05-21 13:30"),
    ],
)
def test_in_quiet_hours_people_are_told_at_their_end(
    quiet: tuple[str, str], zone: str, now: str, due: str
) -> None:
    hours = QuietHours.model_validate({"from": quiet[0], "to": quiet[1]})
    instant = datetime.fromisoformat(f"2026-05-21T{now}").replace(tzinfo=UTC)
    assert f"{due_at(hours, zone, instant):%Y-%m-%d %H:%M}" == due
