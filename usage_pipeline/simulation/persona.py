"""Events of the persona platform."""

from dataclasses import dataclass

import numpy as np

from usage_pipeline.simulation.arrays import (
    Ints,
    Texts,
    chosen,
    clock_texts,
    columns,
    lognormal,
    long_texts,
    numbered,
    table,
    zeros,
)
from usage_pipeline.simulation.batch import (
    MODELS,
    NO_FEATURE,
    NO_MODEL,
    Batch,
    Named,
    draw_conversations,
    draw_models,
    draw_tenants_and_times,
)
from usage_pipeline.simulation.plan import INPUT_SIGMA, OUTPUT_SIGMA, Plan
from usage_pipeline.simulation.settings import PERSONA, SOURCES

SOURCE = SOURCES.index(PERSONA)
_TEXT_STREAM = 2

KINDS = {
    "persona_prompt": 0.80,
    "persona_create": 0.02,
    "persona_list": 0.05,
    "persona_update": 0.03,
    "persona_delete": 0.01,
    "persona_timeline_append": 0.04,
    "persona_timeline_supersede": 0.01,
    "persona_consistency_check": 0.02,
    "file_upload": 0.01,
    "timeline_reconcile_job": 0.01,
}
"""The event types and their shares; each is one request."""

_COUNTED_BY_KIND = {
    "persona_create": "personas_created",
    "persona_delete": "personas_deleted",
    "persona_timeline_append": "timeline_appended",
    "persona_timeline_supersede": "timeline_superseded",
    "file_upload": "files",
}
_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}
_PROMPT = _NUMBERS["persona_prompt"]

_FAILED_SHARE = 0.03
_CACHED_SHARE = 0.4
_REASONING_SHARE = 0.2
_USERS = numbered("u_{}", 20)
_PERSONAS = numbered("per_{}", 30)
_PROJECTS = table("onboarding", "support", "research", "sales")
_FEATURES = table("chat", "interview", "review", "summary")
_PROMPTS = table(
    "How do you approach design challenges?", "Und wenn sich der Auftrag ändert?", 'Say \\"no\\" politely.'
)
_ANSWERED = table(
    '"response":"As a product designer, I begin with the people.","status":"succeeded"',
    '"response":"Ich frage zuerst nach dem Zweck.","status":"succeeded"',
    '"response":"Not today.","status":"succeeded"',
)
_TIMED_OUT = '"response":null,"status":"failed","error":"upstream timed out","errorCode":"timeout"'
_FILE_TYPES = table("application/pdf", "text/plain", "image/png")
_ISSUES = table("[]", '["age"]', '["age","employer"]')
_STATUS = table("succeeded", "failed")

_TAILS = {
    "persona_create": '"seed":"product designer, pragmatic"',
    "persona_list": '"query":{{"limit":20,"tag":"design"}},"resultCount":{1}',
    "persona_update": '"fieldsChanged":["tone","bio"]',
    "persona_delete": '"reason":"no longer needed"',
    "persona_timeline_append": '"entryId":"tl_{0}","memoryType":"episodic","strength":0.8,"eventLabel":"moved"',
    "persona_timeline_supersede": '"entryId":"tl_{0}","reason":"corrected by the user"',
    "persona_consistency_check": '"issueCount":{2},"issueTypes":{3}',
    "file_upload": '"fileType":"{4}","fileSize":{5}',
    "timeline_reconcile_job": '"jobId":"job_{0}","jobStatus":"{6}"',
}
"""The fields of an event other than a prompt, after its head; the numbers are positions in `_other_tails`."""


@dataclass(frozen=True)
class _Drawn:
    """Random values, one per event, used or not."""

    tenants: Ints
    times: Ints
    kinds: Ints
    failed: Ints
    models: Ints
    conversations: Ints
    tokens_in: Ints
    tokens_cached: Ints
    tokens_out: Ints
    tokens_reasoning: Ints
    latency: Ints
    bytes: Ints
    luck: Ints

    def of(self, events: Ints) -> "_Drawn":
        return _Drawn(**{name: values[events] for name, values in vars(self).items()})


def make(plan: Plan, day: int) -> Batch:
    """Make all events of the day."""
    drawn = _draw(plan, day)
    is_prompt = drawn.kinds == _PROMPT
    features = np.where(is_prompt, _feature(drawn.luck), len(_FEATURES))
    return Batch(
        SOURCE,
        day,
        drawn.tenants,
        drawn.times,
        zeros(len(drawn.times)),
        Named(tuple(KINDS), drawn.kinds),
        Named((*_FEATURES.tolist(), NO_FEATURE), features),
        np.where(is_prompt, drawn.models, NO_MODEL),
        np.where(is_prompt, drawn.conversations, -1),
        _measures(drawn),
        _lines(plan, day, drawn),
    )


def _draw(plan: Plan, day: int) -> _Drawn:
    rng = plan.rng(day, SOURCE)
    tenants, times = draw_tenants_and_times(plan, day, SOURCE, rng)
    count = len(tenants)
    failed = (rng.random(count) < _FAILED_SHARE).astype(np.int64)
    tokens_in = lognormal(rng, plan.input_means[tenants], INPUT_SIGMA, most=200_000)
    tokens_out = lognormal(rng, plan.output_means[tenants], OUTPUT_SIGMA, most=100_000) * (1 - failed)
    cached = np.where(rng.random(count) < _CACHED_SHARE, tokens_in * rng.random(count) * 0.9, 0)
    reasoning = np.where(rng.random(count) < _REASONING_SHARE, tokens_out * rng.random(count), 0)
    return _Drawn(
        tenants,
        times,
        chosen(rng, tuple(KINDS.values()), count),
        failed,
        draw_models(rng, count),
        draw_conversations(plan, day, tenants, times, rng),
        tokens_in,
        cached.astype(np.int64),
        tokens_out,
        reasoning.astype(np.int64),
        lognormal(rng, 300 + 12.0 * tokens_out, 0.5, most=120_000),
        lognormal(rng, np.full(count, 400_000.0), 1.5, most=50_000_000),
        rng.integers(0, 1 << 30, count),
    )


def _measures(drawn: _Drawn) -> dict[str, Ints]:
    prompts = (drawn.kinds == _PROMPT).astype(np.int64)
    may_fail = prompts + (drawn.kinds == _NUMBERS["timeline_reconcile_job"])
    uploads = (drawn.kinds == _NUMBERS["file_upload"]).astype(np.int64)
    ones = np.ones(len(drawn.kinds), dtype=np.int64)
    return {
        "records": ones,
        "requests": ones,
        "prompts": prompts,
        "messages": prompts * (2 - drawn.failed),
        "tokens_in": prompts * drawn.tokens_in,
        "tokens_cached": prompts * drawn.tokens_cached,
        "tokens_out": prompts * drawn.tokens_out,
        "tokens_reasoning": prompts * drawn.tokens_reasoning,
        "tokens_total": prompts * (drawn.tokens_in + drawn.tokens_out),
        "bytes": uploads * drawn.bytes,
        "errors": may_fail * drawn.failed,
        **{name: (drawn.kinds == _NUMBERS[kind]).astype(np.int64) for kind, name in _COUNTED_BY_KIND.items()},
    }


def _lines(plan: Plan, day: int, drawn: _Drawn) -> Texts:
    lines = np.empty(len(drawn.kinds), dtype=object)
    heads = _heads(plan, day, drawn)
    for kind, number in _NUMBERS.items():
        events = np.flatnonzero(drawn.kinds == number)
        of_kind = drawn.of(events)
        tails = _prompt_tails(plan, day, of_kind) if number == _PROMPT else _other_tails(kind, of_kind)
        pairs = zip(heads[events].tolist(), tails, strict=True)
        lines[events] = [f'{{"event":"{kind}",{head},{tail}}}' for head, tail in pairs]
    return lines


def _heads(plan: Plan, day: int, drawn: _Drawn) -> Texts:
    """Return the fields that every event has: id, time, tenant, persona and user."""
    names = table(*(tenant.name for tenant in plan.tenants))
    date = plan.simulation.date(day)
    fields = columns(names[drawn.tenants], _PERSONAS[drawn.luck % 30], _USERS[drawn.luck // 30 % 20])
    rows = zip(range(len(drawn.times)), clock_texts(drawn.times), *fields, strict=True)
    return table(
        *[
            f'"id":"evt_{day}_{number}","timestamp":"{date}{clock}","tenantId":"{tenant}","personaId":"{persona}"'
            f',"userId":"{user}"'
            for number, clock, tenant, persona, user in rows
        ]
    )


def _prompt_tails(plan: Plan, day: int, drawn: _Drawn) -> list[str]:
    luck = drawn.luck
    texts = columns(luck, _PROJECTS[luck // 7 % 4], _FEATURES[_feature(luck)], _prompts(plan, day, luck))
    numbers = columns(drawn.conversations, MODELS[drawn.models], drawn.tokens_in, drawn.tokens_out, drawn.latency)
    rows = zip(*texts, *numbers, _outcomes(drawn), strict=True)
    return [
        f'"sessionId":"ses_{session}","conversationId":"conv_{conversation}","project":"{project}"'
        f',"feature":"{feature}","prompt":"{prompt}","modelName":"{model}","tokensIn":{tokens_in}'
        f',"tokensOut":{tokens_out},"latencyMs":{latency},{outcome}'
        for session, project, feature, prompt, conversation, model, tokens_in, tokens_out, latency, outcome in rows
    ]


def _feature(luck: Ints) -> Ints:
    return luck // 28 % 4


def _prompts(plan: Plan, day: int, luck: Ints) -> Texts:
    size = plan.simulation.prompt_bytes
    return long_texts(plan.rng(day, SOURCE, _TEXT_STREAM), size, luck) if size else _PROMPTS[luck % 3]


def _outcomes(drawn: _Drawn) -> list[str]:
    """Return the status with response or error, and cached and reasoning tokens where there are any."""
    ended = np.where(drawn.failed == 1, _TIMED_OUT, _ANSWERED[drawn.luck // 3 % 3])
    rows = zip(*columns(ended, drawn.tokens_cached, drawn.tokens_reasoning), strict=True)
    return [
        ending
        + (f',"cachedTokensIn":{cached}' if cached else "")
        + (f',"reasoningTokensOut":{reasoning}' if reasoning else "")
        for ending, cached, reasoning in rows
    ]


def _other_tails(kind: str, drawn: _Drawn) -> list[str]:
    luck = drawn.luck
    fields = (luck, luck % 20, luck % 3, _ISSUES[luck % 3], _FILE_TYPES[luck % 3])
    rows = zip(*columns(*fields, drawn.bytes, _STATUS[drawn.failed]), strict=True)
    return [_TAILS[kind].format(*row) for row in rows]
