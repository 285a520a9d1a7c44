"""What a caller may read: the one place that binds a request to a tenant.

A route gets a `TenantData` and nothing else, so it cannot read what its caller may not. Every method here passes
the tenant on to the room that reads.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import BinaryIO, TypeVar

import duckdb
from pydantic_core import to_json

from usage_pipeline.alerts.history import read_newest_alerts
from usage_pipeline.alerts.tables import AlertKind, AlertState
from usage_pipeline.api.kept_answers import KeptAnswers
from usage_pipeline.api.problems import ProblemError, wrong_parameter
from usage_pipeline.billing.billed_tenants import why_not_billed
from usage_pipeline.billing.calendar import BillingPeriod, by_month
from usage_pipeline.billing.closing import closed_of, tenant_period
from usage_pipeline.billing.day_credits import DayCredits
from usage_pipeline.billing.ledger.balance import Balance, read_balance
from usage_pipeline.billing.period_credits import read_period_credits
from usage_pipeline.clock import Clock, days_between
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.errors import PartitionError
from usage_pipeline.insights.measures import Measure
from usage_pipeline.insights.outlook.read_outlook import Outlook, OutlookQuestion, read_outlook
from usage_pipeline.insights.overview import Insights, InsightsQuestion, read_insights
from usage_pipeline.limits.check import check
from usage_pipeline.limits.decisions import Decision, Request
from usage_pipeline.limits.periods import BillingCalendar
from usage_pipeline.limits.read_status import read_status
from usage_pipeline.limits.status import LimitStatus
from usage_pipeline.listing.pages import Page as RecordPage
from usage_pipeline.listing.pages import Pages
from usage_pipeline.listing.queries import RecordQuery
from usage_pipeline.listing.streams import stream_csv, stream_json_lines
from usage_pipeline.metrics.answers import Answer, known_days, statuses_of
from usage_pipeline.metrics.pruned_days import PrunedDays, read_pruned_days
from usage_pipeline.metrics.queries import Query, of_tenant
from usage_pipeline.metrics.read import read
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.metrics.summary import Summary, SummaryQuery, read_summaries
from usage_pipeline.reports.batch import Batch
from usage_pipeline.reports.finding import WrittenReport, find_reports, open_report_file
from usage_pipeline.reports.runs.columns import RUN_TEXTS
from usage_pipeline.reports.runs.history import Page, Run, RunsQuery, read_runs
from usage_pipeline.reports.scope import Filters, ReportPeriod
from usage_pipeline.reports.sections.hours import week_hours
from usage_pipeline.series.status import Day, DayReader
from usage_pipeline.storage.engine import undisturbed
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.tables import ERASED_TENANT
from usage_pipeline.tenants.models import Tenant
from usage_pipeline.tenants.reference import load_tenants
from usage_pipeline.validation.results import CheckResult, read_results

Asked = TypeVar("Asked")
Found = TypeVar("Found")


@dataclass(frozen=True)
class WeekHour:
    """An hour of the week, with sums over all its hours in a range; None if none of these is known."""

    weekday: str
    """`Mon` to `Sun`."""
    hour: int
    requests: int | None
    tokens: int | None


@dataclass(frozen=True)
class WeekHours:
    """The hours of the week, from Monday on."""

    hours: Sequence[WeekHour]
    missing_days: int
    """Days of the range of which nothing is known."""


@dataclass(frozen=True)
class TenantData:
    """The data of one tenant, or of all where the caller may read all and asked for none."""

    _storage: Storage
    _at_once: Storage
    """The same for this answer, of one or several queries."""
    _pages: Pages
    _answers: KeptAnswers
    _question: str
    """What is asked of the data: path and parameters."""
    tenant_id: str | None
    may_read_content: bool

    @property
    def clock(self) -> Clock:
        """The clock."""
        return self._storage.settings.clock

    @property
    def platform_name(self) -> str:
        """The name of the platform."""
        return self._storage.settings.platform_name

    @property
    def tenant(self) -> Tenant:
        """The entry of the tenant in `tenants.yaml`; an empty one without an entry, and for all tenants."""
        known = load_tenants(self._storage.settings).by_id
        return known.get(self.tenant_id or "") or Tenant.model_validate({})

    def expect_known(self) -> None:
        """Raise ProblemError (404) for a tenant without usage and without an entry: most likely a typing error."""
        known = {*load_tenants(self._storage.settings).by_id, *self._with_usage()}
        if why := why_not_billed(self.one_tenant, known):
            raise ProblemError(HTTPStatus.NOT_FOUND, f"{why[0].upper()}{why[1:]}")

    @property
    def one_tenant(self) -> str:
        """The tenant, for what only one has. Raises ProblemError (422) for all tenants."""
        if self.tenant_id is None:
            raise wrong_parameter("tenant", "Name the tenant: this is read for one at a time.")
        return self.tenant_id

    @property
    def account(self) -> str:
        """The tenant, if it has an account. Raises ProblemError: 422 for all, 404 for sums of erased ones."""
        tenant_id = self.one_tenant
        if tenant_id == ERASED_TENANT:
            why = str(why_not_billed(tenant_id, ()))
            raise ProblemError(HTTPStatus.NOT_FOUND, f"{why[0].upper()}{why[1:]}")
        return tenant_id

    def tenant_names(self) -> list[tuple[str, str | None]]:
        """Return ids and names: of the tenant, or of all that have an entry or usage, by id."""
        known = load_tenants(self._storage.settings).by_id
        asked = {*known, *self._with_usage()} if self.tenant_id is None else {self.tenant_id}
        return [(name, known[name].name if name in known else None) for name in sorted(asked)]

    def _with_usage(self) -> list[str]:
        with self._storage.warehouse.connect() as connection:
            return known_tenants(connection)

    def kept(self, answer: Callable[[], object], *depends_on: Hashable) -> bytes:
        """Return the answer to what is asked, as JSON. It is made if something was committed, or a day has begun.

        `depends_on` is what else it depends on, such as the days that are meant, or files that people edit.
        """
        as_of = (self._at_once.recalled.snapshot(self._storage.warehouse), self.clock.today, *depends_on)
        question = (self.tenant_id, self._question)
        return self._answers.get(question, as_of, lambda: to_json(answer(), by_alias=True))

    def read(self, query: Query) -> Answer:
        """Read numbers of the tenant; a query must not name one itself."""
        if "tenant" in query.filtered:
            raise ValueError("a query of the API is bound to its tenant here, and must not name one")
        return self._undisturbed(read, replace(query, where=(*query.where, *of_tenant(self.tenant_id))))

    def summaries(self, query: SummaryQuery) -> list[Summary]:
        """Read what an overview shows of the tenant."""
        return self._undisturbed(read_summaries, replace(query, where=of_tenant(self.tenant_id)))

    def _undisturbed(self, reader: Callable[[Storage, Asked], Found], asked: Asked) -> Found:
        with suppress(duckdb.Error, PartitionError):
            return reader(self._at_once, asked)
        return undisturbed(reader)(self._storage, asked)  # an object has been replaced or pruned meanwhile

    def days(self, first: date, last: date) -> list[Day]:
        """Return the status of each day. It says nothing of tenants."""
        with self._storage.warehouse.connect() as connection:
            return DayReader(self._storage, connection).read(first, last)

    def known_days(self) -> tuple[date, date] | None:
        """Return the first and the last day that has records or a landing folder; None without any."""
        with self._storage.warehouse.connect() as connection:
            return DayReader(self._storage, connection).known_days()

    def billing_period(self, month: date | None) -> BillingPeriod:
        """Return the period of one tenant that begins in the month of this day; the present one without it."""
        tenant_id, tenants = self.one_tenant, load_tenants(self._storage.settings)
        with self._storage.warehouse.connect() as connection:
            closed = closed_of(connection, tenant_id)
        if month is not None:
            return tenant_period(tenants, tenant_id, month, closed)
        calendar = BillingCalendar(tenants.anchor_day_of(tenant_id), by_month(entry.period for entry in closed))
        present = calendar.period_of(self.clock.today)
        return BillingPeriod(present.first, present.last)

    def pruned_days(self, first: date, last: date) -> PrunedDays:
        """Return which of these days have lost records of the tenant, or of one of all, past their term."""
        with self._storage.warehouse.connect() as connection:
            return read_pruned_days(connection, first, last, self.tenant_id)

    def week_hours(self, first: date, last: date) -> WeekHours:
        """Return the hours of the week in local days of the tenant; in UTC for all tenants."""
        of_one = () if self.tenant_id is None else (self.tenant_id,)
        batch = Batch(self._storage, ReportPeriod(first, last), (), of_one)
        rows = undisturbed(week_hours)(batch)[self.tenant_id]
        return WeekHours([WeekHour(*row) for row in rows], len(batch.statuses) - len(known_days(batch.statuses)))

    def failed_checks(self, first: date, last: date) -> list[CheckResult]:
        """Return the checks that failed on these days, of all tenants. It is for operators."""
        with self._storage.warehouse.connect() as connection:
            return [result for result in read_results(connection, first, last) if result.failed]

    def balance(self, at: datetime) -> Balance:
        """Return the credits of one tenant at an instant. Raises QueryError for one that has not come."""
        return read_balance(self._storage, self.account, at)

    def credit_days(self, last: date, length: int) -> Iterator[tuple[DayCredits, bool]]:
        """Yield what happened to the credits of one tenant on days up to the last one, and whether it is missing.

        It is as it is known now.
        """
        first = last - timedelta(days=length - 1)
        asked = (self.account, BillingPeriod(first, last))
        if found := read_period_credits(self._storage, [asked]).get(asked):
            known = known_days(statuses_of(self._storage, days_between(first, last), CREDIT_USAGE.name))
            yield from ((day, day.day not in known) for day in found.days)

    def limits(self, at: datetime | None) -> list[LimitStatus]:
        """Return how limits stand at an instant, now without it. Raises QueryError for one that has not come."""
        return undisturbed(read_status)(self._storage, at, self.tenant_id)

    def check(self, request: Request) -> tuple[Decision, datetime]:
        """Decide about a request of one tenant now, and return the instant."""
        return undisturbed(check)(self._storage, replace(request, tenant_id=self.account))

    def outlook(self, measures: Sequence[Measure], as_of: date) -> Outlook:
        """Return what is expected after a day. Raises QueryError for one that has not ended, and for a ratio."""
        return undisturbed(read_outlook)(self._storage, OutlookQuestion(measures, as_of), self.tenant_id)

    def insights(self, question: InsightsQuestion) -> Insights:
        """Return trends, anomalies, shares and peaks. Raises QueryError for a day that has not ended."""
        return undisturbed(read_insights)(self._storage, question, self.tenant_id)

    def alerts(self, state: AlertState | None, kind: AlertKind | None, most: int) -> list[dict[str, object]]:
        """Return the newest alerts, newest first."""
        return read_newest_alerts(self._storage, self.tenant_id, state, kind, most)

    def reports(self, most: int) -> list[WrittenReport]:
        """Return the written reports, those of the newest periods first."""
        return find_reports(self._storage, self.tenant_id, most)

    def open_report_file(self, report: str, file: str) -> BinaryIO | None:
        """Open a file of a report of the tenant, or of all tenants together; None if there is none like it."""
        return open_report_file(self._storage, self.tenant_id, report, file)

    def records(self, query: RecordQuery, most: int, cursor: str | None) -> RecordPage:
        """Return a page of usage records. Raises QueryError for a cursor of another list."""
        return self._pages.read(self._bound(query), most, cursor)

    def record_lines(self, query: RecordQuery, most: int | None) -> Iterator[bytes]:
        """Yield usage records as JSON lines, all without a number."""
        return stream_json_lines(self._storage, self._bound(query), most=most)

    def record_csv(self, query: RecordQuery, most: int | None) -> Iterator[bytes]:
        """Yield usage records as CSV, all without a number."""
        return stream_csv(self._storage, self._bound(query), most=most)

    def _bound(self, query: RecordQuery) -> RecordQuery:
        return replace(query, tenant_id=self.tenant_id)

    def runs(self, query: RunsQuery, most: int, cursor: str | None) -> Page:
        """Return runs, the newest first. Raises QueryError for a cursor of another list."""
        return read_runs(self._storage, replace(query, tenant_id=self.tenant_id), most, cursor)

    def run(self, first: date, last: date, filters: Filters, run_id: str) -> Run | None:
        """Return the newest run with an id, with its texts if the caller may read them; None without one."""
        texts = RUN_TEXTS if self.may_read_content else ()
        found = read_runs(self._storage, RunsQuery(first, last, self.tenant_id, filters, run_id, texts), 1).runs
        return found[0] if found else None
