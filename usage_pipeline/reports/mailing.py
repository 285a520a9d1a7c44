"""Sends the reports of subscriptions: writes their files, and a message for the outbox that goes with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from usage_pipeline.delivery.channels import MAIL_TO
from usage_pipeline.delivery.message import Attachment, Message
from usage_pipeline.delivery.outbox import enqueue
from usage_pipeline.errors import QueryError, UsagePipelineError
from usage_pipeline.reports.asking import expect_known
from usage_pipeline.reports.batch import NUMBERS, Batch
from usage_pipeline.reports.model import Report
from usage_pipeline.reports.scope import ReportPeriod, ReportScope
from usage_pipeline.reports.subscriptions import SUBSCRIPTIONS_FILE, Cadence, Subscription, read_subscriptions
from usage_pipeline.reports.tables import REPORT_MAILS, REPORTS
from usage_pipeline.reports.writing import Written, write_reports
from usage_pipeline.reports.written import filters_text
from usage_pipeline.series.status import DayReader
from usage_pipeline.settings import Settings
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import warehouse_table

report_mails = warehouse_table(REPORT_MAILS)
reports = warehouse_table(REPORTS)

_TOLD = ("requests", "messages", "conversations", "tokens_total", "credits", "cost")
"""The totals that a mail names."""


@dataclass(frozen=True)
class DueMail:
    """A subscription, and a period of which its report is to be sent."""

    subscription: Subscription
    period: ReportPeriod

    @property
    def scope(self) -> ReportScope:
        """What the report is about."""
        return ReportScope(self.period, self.subscription.tenant, self.subscription.scoped)


def due_mails(storage: Storage, cadence: Cadence) -> list[DueMail]:
    """Return what is to be sent of the subscriptions of a cadence: each period once, a corrected month again.

    A period waits as long as a day of it has landed and was never computed. Raises ReferenceFileError for a broken
    file.
    """
    settings = storage.settings
    every = read_subscriptions(settings.reference / SUBSCRIPTIONS_FILE)
    asked = [subscription for subscription in every if subscription.cadence is cadence]
    if not asked:
        return []
    period = cadence.last_period(settings.clock)
    with storage.warehouse.connect() as connection:
        days = DayReader(storage, connection, NUMBERS)
        return [
            DueMail(subscription, of)
            for subscription in asked
            for of in _unsent(connection, subscription, period)
            if not days.uncomputed(of.each_day)
        ]


def send_due(storage: Storage, cadence: Cadence) -> int:
    """Write the reports that are due and their messages, and return the number of messages.

    A report that fails holds up no other. Raises QueryError with a line for each that failed, after the others.
    """
    failures: list[str] = []
    sent = 0
    for due in due_mails(storage, cadence):
        try:
            expect_known(storage, due.scope)
            _send(storage, due)
        except UsagePipelineError as error:
            failures.append(f"{SUBSCRIPTIONS_FILE}: {due.subscription.id}: {due.period.in_words}: {error}")
        else:
            sent += 1
    if failures:
        raise QueryError("\n".join(failures))
    return sent


def _send(storage: Storage, due: DueMail) -> None:
    """Write the files, then the message and that it was written in one transaction."""
    subscription, scope = due.subscription, due.scope
    tenants = () if scope.tenant_id is None else (scope.tenant_id,)
    (written,) = write_reports(Batch(storage, scope.period, scope.filters, tenants), subscription.formats)
    message = message_of(storage.settings, subscription, written)
    row = {
        "subscription_id": subscription.id,
        "tenant_id": scope.tenant_id or "",
        "first_day": scope.period.first,
        "last_day": scope.period.last,
        "version": written.edition.version,
        "message_key": message.key,
        "written_at": storage.settings.clock.now,
    }
    with storage.warehouse.begin() as connection:
        enqueue(connection, [message])
        statement = insert(report_mails).values(row)
        changed = {name: row[name] for name in ("tenant_id", "version", "message_key", "written_at")}
        connection.execute(statement.on_conflict_do_update(index_elements=list(REPORT_MAILS.key), set_=changed))


def message_of(settings: Settings, subscription: Subscription, written: Written) -> Message:
    """Return the message that goes to the recipients of a subscription, each by a row of its own.

    Files that come to more than `USAGE_REPORT_ATTACHMENT_BYTES` together are named instead of attached.
    """
    report, period = written.report, written.report.scope.period
    attached, left = _attachments(settings, subscription, written)
    corrected = ", corrected" if written.edition.corrected else ""
    key = fingerprint([subscription.id, period.first, period.last, written.edition.version])
    return Message(
        key=f"report-{key}",
        channels=tuple(f"{MAIL_TO}{address}" for address in dict.fromkeys(subscription.recipients)),
        subject=f"{report.title}, {period.in_words}{corrected}",
        text=_text(report, left),
        html=_html(report, left),
        created_at=settings.clock.now,
        tenant_id=report.scope.tenant_id,
        attachments=attached,
    )


def _attachments(
    settings: Settings, subscription: Subscription, written: Written
) -> tuple[tuple[Attachment, ...], list[str]]:
    """Return the files of the subscribed formats that fit, and the paths of those that do not."""
    attached: list[Attachment] = []
    left: list[str] = []
    room = settings.report_attachment_bytes
    for name in (name for name, of in written.files.items() if of in subscription.formats):
        path = str(written.folder / name)
        size = (settings.data_dir / path).stat().st_size
        if size <= room:
            attached.append(Attachment(path, size))
            room -= size
        else:
            left.append(path)
    return tuple(attached), left


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    yield from report.facts
    table = report.table("totals")
    for line in table.lines if table else ():
        metric, unit, total = line.cells[:3]
        if metric in _TOLD:
            yield (
                metric.replace("_", " ").capitalize(),
                f"{total} {unit}" if unit not in {metric, "tokens"} else total,
            )


def _paragraphs(report: Report, left: list[str]) -> list[str]:
    return [*report.notes, *(f"Too large to be attached: {path} in the data directory." for path in left)]


def _text(report: Report, left: list[str]) -> str:
    facts = "\n".join(f"{name}: {value}" for name, value in _facts(report))
    return "\n\n".join([f"{report.title}.", facts, *_paragraphs(report, left)]) + "\n"


def _html(report: Report, left: list[str]) -> str:
    rows = "".join(
        f"<tr><th align='left'>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in _facts(report)
    )
    told = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in _paragraphs(report, left))
    return f"<p>{escape(report.title)}.</p><table>{rows}</table>{told}"


def _unsent(connection: Connection, subscription: Subscription, period: ReportPeriod) -> Iterator[ReportPeriod]:
    """Yield the last period if it was not sent, and those that were sent before they were corrected."""
    mails, written = report_mails.c, reports.c
    of_subscription = mails.subscription_id == subscription.id
    query = select(mails.first_day, mails.last_day).where(of_subscription)
    sent = {ReportPeriod(first, last) for first, last in connection.execute(query)}
    if period not in sent:
        yield period
    is_same = (
        (written.tenant_id == mails.tenant_id)
        & (written.first_day == mails.first_day)
        & (written.last_day == mails.last_day)
        & (written.filters == filters_text(subscription.scoped))
    )
    corrected = query.join_from(
        report_mails, reports, is_same & written.corrected & (written.version > mails.version)
    )
    for first, last in connection.execute(corrected):
        yield ReportPeriod(first, last)
