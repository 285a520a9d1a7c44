"""Insights as of a day: one step makes all tables, from one reading of the series."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from usage_pipeline.clock import days_between
from usage_pipeline.costs.tables import DAILY_COSTS
from usage_pipeline.credits.tables import CREDIT_USAGE
from usage_pipeline.insights.kept.tables import INSIGHT_TABLES
from usage_pipeline.orchestration.assets.days import Outcome, days_of, each_batch, skip_days
from usage_pipeline.orchestration.charts import chart, chart_of_stock
from usage_pipeline.orchestration.inputs import HOLIDAYS, LIMITS, TENANTS
from usage_pipeline.orchestration.jobs import BACKFILL_POLICY
from usage_pipeline.orchestration.metadata import ROW_COUNT, table_spec
from usage_pipeline.orchestration.resources import ProgressParam, StorageParam
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.series.breakdown_tables import DAILY_PERFORMANCE
from usage_pipeline.series.tables import CONVERSATION_STARTS, DAILY_USAGE

if TYPE_CHECKING:
    from usage_pipeline.insights.kept.charted import Charted

INSIGHTS = "insights"
_READ = (
    *(DAILY_USAGE.name, CONVERSATION_STARTS.name, DAILY_PERFORMANCE.name, DAILY_COSTS.name, CREDIT_USAGE.name),
    *(USAGE_RECORDS.name, TENANTS, LIMITS, HOLIDAYS),
)
_YESTERDAY = timedelta(days=1)
_TOGETHER = "The tables of a day are made together, also when one is selected; then only that one is told of."


def insight_assets(partitions: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The assets of the tables. Each day is committed by itself: a failed day undoes no other."""

    @dg.multi_asset(
        name=INSIGHTS,
        specs=[
            table_spec(table, INSIGHTS, _TOGETHER).replace_attributes(deps=list(_READ), skippable=True)
            for table in INSIGHT_TABLES
        ],
        can_subset=True,
        partitions_def=partitions,
        backfill_policy=BACKFILL_POLICY,
    )
    def make(
        context: dg.AssetExecutionContext, run_storage: StorageParam, progress: ProgressParam
    ) -> Iterator[dg.MaterializeResult[None]]:
        # Both are slow to import.
        from usage_pipeline.insights.kept.keeping import keep_insights  # noqa: PLC0415
        from usage_pipeline.pipeline.refresh import days_with_data  # noqa: PLC0415

        selected = {key.to_user_string() for key in context.selected_asset_keys}

        def work(days: Sequence[date]) -> Outcome:
            made = {day: keep_insights(run_storage, day) for day in days}
            rows = {(day, name): number for day, found in made.items() for name, number in found.items()}
            return Outcome({(day, name): {ROW_COUNT: rows[day, name]} for day, name in rows if name in selected})

        come = days_of(context, run_storage.settings.clock.today - _YESTERDAY)
        first = min(days_with_data(run_storage), default=None)
        skip_days(context, [day for day in come if first is None or day < first], "nothing was used by then")
        days = [day for day in come if first is not None and day >= first]
        if not days:
            return
        each_batch(context, progress, [[day] for day in sorted(days)], work)
        pictures = _pictures(run_storage, max(days))
        for name, picture in ((name, pictures[name]) for name in pictures if name in selected):
            shown = {"chart": dg.MetadataValue.md(picture)}
            context.add_asset_metadata(shown, asset_key=name, partition_key=str(max(days)))
        for table in INSIGHT_TABLES:
            if table.name in selected:
                yield dg.MaterializeResult(asset_key=table.name)

    return make


def _pictures(storage: StorageParam, last: date) -> dict[str, str]:
    """Charts of the tables that have something to show, in Markdown; no names of tenants."""
    from usage_pipeline.insights.kept.charted import charted_numbers  # noqa: PLC0415 - slow to import

    return {found.table: _picture(found) for found in charted_numbers(storage, last)}


def _picture(found: "Charted") -> str:
    if not found.is_sum:
        return chart_of_stock(found.title, found.numbers)
    return chart(found.title, {day: found.numbers.get(day, 0) for day in _between(found.numbers)})


def _between(numbers: Mapping[date, float]) -> list[date]:
    return days_between(min(numbers), max(numbers))


INSIGHT_DAYS = dg.define_asset_job(
    "insight_days",
    selection=dg.AssetSelection.assets(*(table.name for table in INSIGHT_TABLES)),
    description="Make trends, anomalies, forecasts and recommendations as of days, and compare earlier forecasts.",
)
