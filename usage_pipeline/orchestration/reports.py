"""Reports in Dagster: `tenant_reports` by month, answers to requests, mails of subscriptions, and a job."""

from collections.abc import Mapping
from datetime import date

import dagster as dg
from pydantic import Field

from usage_pipeline.billing.ledger.tables import CREDIT_LEDGER
from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.errors import QueryError
from usage_pipeline.orchestration.calendar import first_day
from usage_pipeline.orchestration.inputs import LIMITS, REPORT_SUBSCRIPTIONS, TENANTS
from usage_pipeline.orchestration.metadata import OWNERS, description, table_spec
from usage_pipeline.orchestration.resources import StorageParam
from usage_pipeline.reports.tables import REPORT_MAILS, REPORTS
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE
from usage_pipeline.settings import Settings

# What is imported within the functions is slow to import.
# ruff: noqa: PLC0415

TENANT_REPORTS = "tenant_reports"
_TOLD_EVERY = 50

_READ = (DAILY_USAGE.name, CONVERSATION_STARTS.name, DAILY_COSTS.name, CREDIT_USAGE.name, CREDIT_LEDGER.name)


class MonthConfig(dg.Config):
    """Which reports of a month are written."""

    formats: list[str] | None = Field(None, description="Formats; those of USAGE_REPORT_FORMATS without it.")
    only_due: bool = Field(
        default=False,
        description="Only of tenants without a report of the closed month, or whose numbers have changed since.",
    )


def tenant_reports(settings: Settings) -> dg.AssetsDefinition:
    """The asset: the reports of all tenants with usage in a month, and of all together."""
    start = first_day(settings).replace(day=1)
    months = dg.MonthlyPartitionsDefinition(start_date=start.isoformat(), timezone="UTC", end_offset=1)
    spec = table_spec(REPORTS, "reports")

    @dg.asset(
        name=TENANT_REPORTS,
        deps=[*_READ, TENANTS, LIMITS],
        partitions_def=months,
        backfill_policy=dg.BackfillPolicy.multi_run(1),
        group_name="reports",
        owners=OWNERS,
        kinds={"file", "postgres"},
        metadata=spec.metadata,
        description=description(
            REPORTS,
            "The sensor `reports` requests a month when its last day is final, and again for those whose numbers "
            "change later.",
        ),
    )
    def asset(
        context: dg.AssetExecutionContext, config: MonthConfig, run_storage: StorageParam
    ) -> dg.MaterializeResult[None]:
        month = date.fromisoformat(context.partition_key)
        return dg.MaterializeResult(metadata={**_write_month(context, run_storage, month, config)})

    return asset


def _write_month(
    context: dg.AssetExecutionContext, storage: StorageParam, month: date, config: MonthConfig
) -> Mapping[str, int]:
    """Write the reports, and return the numbers of what was written."""
    from usage_pipeline.reports.formats.registry import report_formats
    from usage_pipeline.reports.months import due_reports, tenants_of, write_month
    from usage_pipeline.reports.scope import month_period

    formats = report_formats(config.formats or storage.settings.report_formats.split(","))
    if config.only_due:
        subjects = due_reports(storage).get(month, [])
    else:
        with storage.warehouse.connect() as connection:
            tenants = tenants_of(connection, month_period(month))
        subjects = [*tenants, None]
    numbers = {"reports": 0, "corrected": 0, "files": 0}
    for written in write_month(storage, month, subjects, formats):
        numbers["reports"] += 1
        numbers["corrected"] += written.edition.corrected
        numbers["files"] += len(written.files)
        if numbers["reports"] % _TOLD_EVERY == 0:
            context.log.info("%d of %d reports are written.", numbers["reports"], len(subjects))
    return numbers


MONTHLY_REPORTS = dg.define_asset_job(
    "monthly_reports",
    selection=dg.AssetSelection.assets(TENANT_REPORTS),
    description="Write the reports of a month: of each tenant with usage, and of all together.",
)


class ReportConfig(dg.Config):
    """A report."""

    tenant: str | None = Field(None, description="A tenant; all together without it.")
    first: str = Field(description="First day, YYYY-MM-DD.")
    last: str = Field(description="Last day, included.")
    formats: list[str] = Field(["pdf"], description="pdf, html, csv, json, xlsx, focus, runs.")
    filters: dict[str, list[str]] = Field(default_factory=dict, description="Dimensions, each with values.")


@dg.op(description="Write the files of one report.")
def write_report(context: dg.OpExecutionContext, config: ReportConfig, run_storage: StorageParam) -> None:
    """Write it. A wrong call fails at once, with what was expected."""
    from usage_pipeline.reports.asking import expect_known
    from usage_pipeline.reports.batch import Batch
    from usage_pipeline.reports.formats.registry import report_formats
    from usage_pipeline.reports.scope import ReportScope, report_filters, report_period
    from usage_pipeline.reports.writing import write_reports

    try:
        period = report_period(_day(config.first), _day(config.last), run_storage.settings.clock)
        filters = report_filters({name: tuple(values) for name, values in config.filters.items()})
        formats = report_formats(config.formats)
        expect_known(run_storage, ReportScope(period, config.tenant, filters))
    except QueryError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    tenants = () if config.tenant is None else (config.tenant,)
    (written,) = write_reports(Batch(run_storage, period, filters, tenants), formats)
    context.log.info("Files of the report: %s, version %s", ", ".join(written.files), written.edition.in_words)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise QueryError(f"expected a day, YYYY-MM-DD, found {text!r}") from None


@dg.job(name="report", description="Write the report of a tenant, or of all together, over any days.")
def report() -> None:
    """One op."""
    write_report()


REPORT_ANSWERS = "report_answers"


@dg.asset(
    name=REPORT_ANSWERS,
    deps=[TENANT_REPORTS],
    group_name="reports",
    owners=OWNERS,
    kinds={"yaml"},
    description=(
        "The answers beside the requests in `report_requests`: the files that were written, or why a request is "
        "refused. The sensor `reports` requests them."
    ),
)
def report_answers(run_storage: StorageParam) -> dg.MaterializeResult[None]:
    """Answer all pending requests."""
    from usage_pipeline.reports.requests import answer_requests

    return dg.MaterializeResult(metadata={**vars(answer_requests(run_storage))})


REPORT_REQUESTS = dg.define_asset_job(
    "report_requests",
    selection=dg.AssetSelection.assets(report_answers),
    description="Answer the requests in `report_requests`: write the files, or say why a request is refused.",
)


class CadenceConfig(dg.Config):
    """Which subscriptions."""

    cadence: str = Field(description="daily, weekly or monthly.")


@dg.multi_asset(
    name=REPORT_MAILS.name,
    specs=[
        table_spec(REPORT_MAILS, "reports").replace_attributes(
            deps=[TENANT_REPORTS, REPORT_SUBSCRIPTIONS], kinds={"postgres"}
        )
    ],
)
def report_mails(config: CadenceConfig, run_storage: StorageParam) -> dg.MaterializeResult[None]:
    """Write the reports of subscriptions that are due, and their messages to the outbox."""
    from usage_pipeline.reports.mailing import send_due
    from usage_pipeline.reports.subscriptions import Cadence

    return dg.MaterializeResult(metadata={"newly_sent": send_due(run_storage, Cadence(config.cadence))})


SEND_REPORTS = dg.define_asset_job(
    "send_reports",
    selection=dg.AssetSelection.assets(report_mails),
    description="Send the reports of subscriptions that are due, by e-mail.",
)
