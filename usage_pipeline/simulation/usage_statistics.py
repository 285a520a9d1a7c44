"""Records of the chatbot platform."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from usage_pipeline.simulation.arrays import Ints, Texts, chosen, columns, lognormal, table, zeros
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
from usage_pipeline.simulation.plan import INPUT_SIGMA, Plan
from usage_pipeline.simulation.settings import SOURCES, STATISTICS

SOURCE = SOURCES.index(STATISTICS)

KINDS = {
    "token": 0.40,
    "message": 0.30,
    "conversation": 0.10,
    "ability": 0.10,
    "dataset": 0.03,
    "skillset": 0.03,
    "file": 0.02,
    "integration": 0.02,
}
"""The types and their shares. Types after `conversation` are requests; the format does not list `integration`."""
_TYPES = tuple("request" if kind == "integration" else kind for kind in KINDS)
_TOKEN, _MESSAGE, _CONVERSATION = range(3)

_WITHOUT_MODEL_SHARE = 0.1
_WITHOUT_ID_SHARE = 0.1
_REGIONS = table("eu", "us")


@dataclass(frozen=True)
class _Drawn:
    """Random values, one per record, used or not."""

    tenants: Ints
    times: Ints
    kinds: Ints
    models: Ints
    conversations: Ints
    counts: Ints
    luck: Ints


def make(plan: Plan, day: int) -> Batch:
    """Make all records of the day."""
    drawn = _draw(plan, day)
    return Batch(
        SOURCE,
        day,
        drawn.tenants,
        drawn.times,
        zeros(len(drawn.times)),
        Named(_TYPES, drawn.kinds),
        Named((NO_FEATURE,), zeros(len(drawn.times))),
        drawn.models,
        drawn.conversations,
        _measures(drawn),
        _lines(plan, day, drawn),
    )


def _draw(plan: Plan, day: int) -> _Drawn:
    rng = plan.rng(day, SOURCE)
    tenants, times = draw_tenants_and_times(plan, day, SOURCE, rng)
    count = len(tenants)
    kinds = chosen(rng, tuple(KINDS.values()), count)
    tokens = lognormal(rng, plan.input_means[tenants], INPUT_SIGMA, most=200_000)
    few = rng.integers(1, 4, count)
    unnamed = (kinds != _TOKEN) | (rng.random(count) < _WITHOUT_MODEL_SHARE)
    without_id = (kinds > _CONVERSATION) | ((kinds == _CONVERSATION) & (rng.random(count) < _WITHOUT_ID_SHARE))
    of_conversations = np.where(kinds == _CONVERSATION, np.where(without_id, few, 1), 1)
    return _Drawn(
        tenants,
        times,
        kinds,
        np.where(unnamed, NO_MODEL, draw_models(rng, count)),
        np.where(without_id, -1, draw_conversations(plan, day, tenants, times, rng)),
        np.where(kinds == _TOKEN, tokens, np.where(kinds == _MESSAGE, few, of_conversations)),
        rng.integers(0, 1 << 30, count),
    )


def _measures(drawn: _Drawn) -> dict[str, Ints]:
    unidentified = (drawn.kinds == _CONVERSATION) & (drawn.conversations < 0)
    return {
        "records": np.ones(len(drawn.kinds), dtype=np.int64),
        "requests": (drawn.kinds > _CONVERSATION).astype(np.int64),
        "messages": drawn.counts * (drawn.kinds == _MESSAGE),
        "tokens_total": drawn.counts * (drawn.kinds == _TOKEN),
        "conversations": drawn.counts * unidentified,
    }


def _lines(plan: Plan, day: int, drawn: _Drawn) -> Texts:
    midnight = int(datetime.combine(plan.simulation.date(day), datetime.min.time(), UTC).timestamp()) * 1000
    fields = columns(
        table(*KINDS)[drawn.kinds],
        drawn.counts,
        drawn.times + midnight,
        drawn.luck,
        _REGIONS[drawn.luck % 2],
        _links(drawn),
        _named(drawn),
    )
    rows = zip(range(len(drawn.kinds)), *fields, strict=True)
    return table(
        *[
            f'{{"id":"rec_{day}_{number}","type":"{kind}","count":{count},{link},"botId":"b_{luck % 9}"'
            f',"blueprintId":null,"meta":{{{model}"region":"{region}"}},"createdAt":{time},"updatedAt":{time}}}'
            for number, kind, count, time, luck, region, link, model in rows
        ]
    )


def _links(drawn: _Drawn) -> Texts:
    """Return the related ids: of conversation and message, or of task and ability."""
    rows = zip(drawn.conversations.tolist(), drawn.luck.tolist(), strict=True)
    return table(
        *[
            f'"taskId":"t_{luck}","abilityId":"a_{luck % 12}"'
            if conversation < 0
            else f'"conversationId":"c_{conversation}","messageId":"m_{luck}"'
            for conversation, luck in rows
        ]
    )


def _named(drawn: _Drawn) -> Texts:
    """Return the model as a field of `meta`, or nothing without a model."""
    fields = [f'"model":"{model}",' for model in MODELS[:NO_MODEL]]
    return np.asarray(table(*fields, "")[drawn.models])
