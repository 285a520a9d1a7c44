"""Reports by e-mail: which periods are due, that each is sent once to a real SMTP server, and with its files."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from smtplib import SMTP

import pytest
from sqlalchemy import text
from sqlalchemy.engine.default import DefaultDialect

from usage_pipeline.delivery.channels import open_channels
from usage_pipeline.delivery.outbox import deliver_due
from usage_pipeline.errors import QueryError, ReferenceFileError, UsagePipelineError
from usage_pipeline.reports.batch import Batch
from usage_pipeline.reports.mailing import due_mails, message_of, send_due
from usage_pipeline.reports.months import due_reports, write_month
from usage_pipeline.reports.scope import ReportPeriod, month_period
from usage_pipeline.reports.subscriptions import Cadence, read_subscriptions
from usage_pipeline.reports.writing import write_reports
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.delivery.receiving import MailServer, mail_server
from usage_pipeline_tests.reports.conftest import GROUPS, write_and_compute
from usage_pipeline_tests.steps import FILES, Steps
from usage_pipeline_tests.support import Landing, land_and_compute, prompt

_MONTHLY = (
    "- {id: acme-monthly, tenant: acme, cadence: monthly, formats: [json], "
    "recipients: [a@acme.example, b@acme.example]}\n"
)
_JUNE_5 = datetime(2026, 6, 5, tzinfo=UTC)  # a Friday
_MAY = month_period(date(2026, 5, 1))


@pytest.mark.parametrize(
    ("cadence", "first", "last"),
    [
        (Cadence.DAILY, date(2026, 6, 4), date(2026, 6, 4)),
        (Cadence.WEEKLY, date(2026, 5, 25), date(2026, 5, 31)),
        (Cadence.MONTHLY, date(2026, 5, 1), date(2026, 5, 31)),
    ],
)
def test_the_last_period_of_a_cadence_is_over(used: Storage, cadence: Cadence, first: date, last: date) -> None:
    clock = used.settings.model_copy(update={"now": _JUNE_5}).clock
    assert cadence.last_period(clock) == ReportPeriod(first, last)


def test_on_monday_the_week_has_ended_the_day_before(used: Storage) -> None:
    clock = used.settings.model_copy(update={"now": datetime(2026, 6, 8, tzinfo=UTC)}).clock
    assert Cadence.WEEKLY.last_period(clock).last == date(2026, 6, 7)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            _MONTHLY.replace("cadence: monthly", "cadence: yearly"),
            "acme-monthly: cadence: expected 'daily', 'weekly' or 'monthly'",
        ),
        (_MONTHLY.replace("json", "jsn"), "acme-monthly: formats: There is no format 'jsn'; did you mean 'json'?"),
        (
            _MONTHLY.replace("a@acme.example", "acme"),
            "expected an address, such as finance@example.com, found 'acme'",
        ),
        (_MONTHLY.replace("[a@acme.example, b@acme.example]", "[]"), "expected a list that is not empty"),
        (_MONTHLY.replace("formats:", "filters: {colour: [red]}, formats:"), "There is no dimension 'colour'"),
        (_MONTHLY * 2, "acme-monthly: id: two entries have it"),
    ],
)
def test_a_broken_entry_is_named(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "report_subscriptions.yaml").write_text(text)
    with pytest.raises(ReferenceFileError) as error:
        read_subscriptions(tmp_path / "report_subscriptions.yaml")
    assert problem in str(error.value)


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    """A mail server at the loopback address."""
    with mail_server() as opened:
        yield opened


@pytest.fixture(scope="module")
def computed(open_filled: Callable[..., Storage], mails: MailServer) -> Storage:
    """The usage of May, on 5 June; mails go to the server."""
    return open_filled(
        write_and_compute,
        now=_JUNE_5,
        smtp_host="127.0.0.1",
        smtp_port=mails.port,
        smtp_security="none",
        smtp_from="Usage <usage@example.com>",
    )


@pytest.fixture(scope="module")
def sent(computed: Storage, mails: MailServer) -> MailServer:
    """The server after the monthly report was sent twice, then corrected and sent twice again."""
    (computed.settings.reference / "report_subscriptions.yaml").write_text(_MONTHLY)

    def send(storage: Storage) -> None:
        send_due(storage, Cadence.MONTHLY)
        deliver_due(storage, open_channels(storage.settings), storage.settings.clock.now)

    later = replace(computed, settings=computed.settings.model_copy(update={"now": _JUNE_5.replace(hour=2)}))
    send(computed)
    send(computed)
    Landing(computed.settings.landing).write("persona", "2026-06-03", [prompt("late", "2026-05-20T09:00:00Z")])
    land_and_compute(later, *GROUPS)
    send(later)
    list(write_month(later, date(2026, 5, 1), due_reports(later)[date(2026, 5, 1)], ("json",)))
    send(later)
    send(later)
    return mails


def test_each_recipient_gets_each_version_once(sent: MailServer) -> None:
    assert sorted((mail["To"], mail["Subject"]) for mail in sent.mails) == [
        ("a@acme.example", "Usage of acme, 2026-05"),
        ("a@acme.example", "Usage of acme, 2026-05, corrected"),
        ("b@acme.example", "Usage of acme, 2026-05"),
        ("b@acme.example", "Usage of acme, 2026-05, corrected"),
    ]


def test_a_mail_has_the_files_and_says_what_is_in_them(sent: MailServer, computed: Storage) -> None:
    mail = next(mail for mail in sent.mails if mail["Subject"].endswith("corrected"))
    folder = computed.settings.data_dir / "reports/acme/2026-05"
    assert {part.get_filename(): part.get_content() for part in mail.iter_attachments()} == {
        "report.json": (folder / "report.json").read_bytes()
    }
    body = mail.get_body(("plain",))
    assert body is not None
    assert "Tokens total: 385" in body.get_content()
    assert "Version: 2, final, corrected" in body.get_content()


def test_what_is_too_large_to_be_attached_is_named(computed: Storage) -> None:
    settings = computed.settings.model_copy(update={"report_attachment_bytes": 3_000})
    (subscription,) = read_subscriptions(settings.reference / "report_subscriptions.yaml")
    (written,) = write_reports(Batch(computed, _MAY, (), ("acme",)), ("json", "xlsx"))
    message = message_of(settings, subscription, written)
    assert message.attachments == ()
    assert "report.xlsx" not in message.text
    assert "Too large to be attached: reports/acme/2026-05/report.json in the data directory." in message.text


def test_a_subscription_that_fails_holds_up_no_other(computed: Storage) -> None:
    path = computed.settings.reference / "report_subscriptions.yaml"
    path.write_text(_MONTHLY.replace("acme", "acne") + _MONTHLY.replace("acme-monthly", "second"))
    with pytest.raises(
        QueryError, match=r"^report_subscriptions.yaml: acne-monthly: .*: There is no tenant 'acne'"
    ):
        send_due(computed, Cadence.MONTHLY)
    assert [due.subscription.id for due in due_mails(computed, Cadence.MONTHLY)] == ["acne-monthly"]


_STEPS = (*FILES, (DefaultDialect, "do_commit"), (SMTP, "send_message"))
"""What others see of sending a report: files, rows and mails."""


class FaultError(Exception):
    """Something that nobody has thought of."""


@pytest.mark.acceptance  # twenty reports and mails
def test_a_fault_at_any_step_loses_no_mail_and_sends_none_under_another_id(
    computed: Storage, mails: MailServer
) -> None:
    (computed.settings.reference / "report_subscriptions.yaml").write_text(_MONTHLY)

    def send(now: datetime) -> None:
        send_due(computed, Cadence.MONTHLY)
        deliver_due(computed, open_channels(computed.settings), now)

    for number in count():
        with computed.warehouse.begin() as connection:
            connection.execute(text("DELETE FROM usage.report_mails"))
            connection.execute(text("DELETE FROM usage.outbox"))
        mails.mails.clear()
        with Steps(number, FaultError).of(*_STEPS) as steps, suppress(FaultError, UsagePipelineError):
            send(_JUNE_5)
        send(_JUNE_5.replace(minute=10))
        found = {(mail["To"], mail["Message-ID"]): len(list(mail.iter_attachments())) for mail in mails.mails}
        assert sorted(to for to, _ in found) == ["a@acme.example", "b@acme.example"], steps.taken
        assert set(found.values()) == {1}, steps.taken
        if not steps.has_failed:
            break
    assert {step.split()[0] for step in steps.taken} == {"unlink", "replace", "do_commit", "send_message"}
