"""Runs of the agent platform: a line when a run ends, and for some a line when it started."""

from dataclasses import dataclass

import numpy as np

from usage_pipeline.simulation.arrays import (
    DAY_MS,
    Ints,
    Texts,
    clock_texts,
    columns,
    lognormal,
    numbered,
    table,
    zeros,
)
from usage_pipeline.simulation.batch import MODELS, NO_MODEL, Batch, Named, draw_models, draw_tenants_and_times
from usage_pipeline.simulation.plan import INPUT_SIGMA, OUTPUT_SIGMA, Plan
from usage_pipeline.simulation.settings import RUNS, SOURCES

SOURCE = SOURCES.index(RUNS)

_STARTED_SHARE = 0.2
"""Share of the lines that report a start. The end of such a run is another line."""
_FAILED_SHARE = 0.05
_CALLS_PER_RUN = 4.0
"""Model calls of a mean run, to which its tokens are proportional."""
_AGENTS = table("seo-writer", "triage", "reporter")
_AGENT_TYPES = table("content", "support", "analysis")
_USERS = numbered("u_{}", 20)
_PROJECTS = table("blog", "desk", "finance", "research")
_FEATURE = "drafts"
_STARTED_TAIL = '"endedAt":null,"status":"running","creditsUsed":0'


@dataclass(frozen=True)
class _Drawn:
    """Random values, one per line, used or not. `ends` and `starts` are milliseconds since the day's midnight."""

    runs: Ints
    tenants: Ints
    ends: Ints
    starts: Ints
    started: Ints
    failed: Ints
    models: Ints
    tokens_in: Ints
    tokens_out: Ints
    calls: Ints
    tools: Ints
    bytes: Ints
    luck: Ints

    @property
    def at(self) -> Ints:
        """The time of the line's event: the end of the run, or its start."""
        return np.where(self.started == 1, self.starts, self.ends)


def make(plan: Plan, day: int) -> Batch:
    """All lines of the day. A start before midnight belongs to the day before."""
    drawn = _draw(plan, day)
    offsets, times = np.divmod(drawn.at, DAY_MS)
    return Batch(
        SOURCE,
        day,
        drawn.tenants,
        np.where(offsets < 0, 0, times),
        offsets,
        Named(("agent_run", "agent_run_started"), drawn.started),
        Named((_FEATURE,), zeros(len(offsets))),
        np.where(drawn.started == 1, NO_MODEL, drawn.models),
        np.full(len(offsets), -1, dtype=np.int64),
        _measures(drawn),
        _lines(plan, day, drawn),
    )


def _draw(plan: Plan, day: int) -> _Drawn:
    rng = plan.rng(day, SOURCE)
    tenants, ends = draw_tenants_and_times(plan, day, SOURCE, rng)
    count = len(tenants)
    durations = lognormal(rng, np.full(count, 90_000.0), 1.2, most=3_600_000)
    starts = ends - durations
    drawn = _Drawn(
        np.arange(count),
        tenants,
        ends,
        starts if day else np.maximum(starts, 0),
        zeros(count),
        (rng.random(count) < _FAILED_SHARE).astype(np.int64),
        draw_models(rng, count),
        lognormal(rng, plan.input_means[tenants] * _CALLS_PER_RUN, INPUT_SIGMA, most=800_000),
        lognormal(rng, plan.output_means[tenants] * _CALLS_PER_RUN, OUTPUT_SIGMA, most=400_000),
        rng.integers(1, 20, count),
        rng.integers(0, 12, count),
        lognormal(rng, np.full(count, 60_000.0), 1.0, most=50_000_000),
        rng.integers(0, 1 << 30, count),
    )
    return _with_starts(drawn, rng.permutation(count))


def _with_starts(drawn: _Drawn, shuffled: Ints) -> _Drawn:
    """Turn some lines into the starts of as many runs that end on the day."""
    starts = int(len(shuffled) * _STARTED_SHARE)
    order = drawn.runs.copy()
    order[shuffled[:starts]] = shuffled[starts : 2 * starts]
    with_starts = _Drawn(**{name: values[order] for name, values in vars(drawn).items()})
    with_starts.started[shuffled[:starts]] = 1
    return with_starts


def _measures(drawn: _Drawn) -> dict[str, Ints]:
    ended = 1 - drawn.started
    return {
        "records": np.ones(len(ended), dtype=np.int64),
        "runs": ended,
        "requests": ended * drawn.calls,
        "tokens_in": ended * drawn.tokens_in,
        "tokens_out": ended * drawn.tokens_out,
        "tokens_total": ended * (drawn.tokens_in + drawn.tokens_out),
        "bytes": ended * drawn.bytes,
        "tool_calls": ended * drawn.tools,
        "errors": ended * drawn.failed,
    }


def _lines(plan: Plan, day: int, drawn: _Drawn) -> Texts:
    rows = zip(_heads(plan, day, drawn), drawn.started.tolist(), _end_tails(plan, day, drawn), strict=True)
    return table(*[f"{{{head},{_STARTED_TAIL if started else tail}}}" for head, started, tail in rows])


def _heads(plan: Plan, day: int, drawn: _Drawn) -> list[str]:
    names = table(*(tenant.name for tenant in plan.tenants))
    date, luck = plan.simulation.date, drawn.luck
    offsets, starts = np.divmod(drawn.starts, DAY_MS)
    fields = columns(
        names[drawn.tenants],
        _AGENTS[luck % 3],
        _AGENT_TYPES[luck % 3],
        _USERS[luck // 3 % 20],
        _PROJECTS[luck // 60 % 4],
        table(str(date(day - 1)), str(date(day)))[offsets + 1],
    )
    rows = zip(drawn.runs.tolist(), clock_texts(starts), *fields, strict=True)
    return [
        f'"runId":"run_{day}_{run}","tenantId":"{tenant}","agent":"{agent}","agentType":"{agent_type}"'
        f',"userId":"{user}","project":"{project}","feature":"{_FEATURE}","startedAt":"{start_date}{clock}"'
        f',"input":{{"topic":"usage metering"}}'
        for run, clock, tenant, agent, agent_type, user, project, start_date in rows
    ]


def _end_tails(plan: Plan, day: int, drawn: _Drawn) -> list[str]:
    fields = columns(
        MODELS[drawn.models],
        drawn.tokens_in,
        drawn.tokens_out,
        drawn.calls,
        drawn.tools,
        drawn.bytes,
        drawn.failed,
    )
    date = plan.simulation.date(day)
    rows = zip(clock_texts(drawn.ends), *fields, strict=True)
    return [
        f'"endedAt":"{date}{clock}","creditsUsed":{calls}.5,"apiCalls":{calls},"toolCalls":{tools}'
        f',"model":"{model}","tokensIn":{tokens_in},"tokensOut":{tokens_out},"bytesProcessed":{size},'
        + (
            '"status":"failed","output":null,"error":{"code":"quota","message":"provider quota exceeded"}'
            if failed
            else '"status":"succeeded","output":{"words":820},"error":null'
        )
        for clock, model, tokens_in, tokens_out, calls, tools, size, failed in rows
    ]
