"""What records count as, and usage by day, tenant and dimension: the sum of groups is the total."""

import shutil
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as checked
from hypothesis import strategies as st

from usage_pipeline.errors import PartitionError, QueryError, UsagePipelineError
from usage_pipeline.metrics.queries import UsageQuery
from usage_pipeline.metrics.read import read
from usage_pipeline.metrics.words import GROUPS
from usage_pipeline.registry import METRIC_NAMES, NONE
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.series.generic import line
from usage_pipeline_tests.series.reading import Run, usage
from usage_pipeline_tests.support import Landing, prompt

TIME = "2026-05-01T08:00:00Z"
FIRST, LAST = date(2026, 5, 1), date(2026, 5, 31)


def persona(event: str, **fields: object) -> dict[str, Any]:
    return {"id": "e1", "event": event, "timestamp": TIME, "tenantId": "acme", "status": "succeeded", **fields}


PERSONA: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "prompt": (persona("persona_prompt"), {"requests": 1, "prompts": 1, "messages": 2}),
    "failed prompt": (
        persona("persona_prompt", status="failed"),
        {"requests": 1, "prompts": 1, "messages": 1, "errors": 1},
    ),
    "prompt with an error code": (
        persona("persona_prompt", errorCode="E7"),
        {"requests": 1, "prompts": 1, "messages": 2, "errors": 1},
    ),
    "create": (persona("persona_create"), {"requests": 1, "personas_created": 1}),
    "delete": (persona("persona_delete"), {"requests": 1, "personas_deleted": 1}),
    "list": (persona("persona_list"), {"requests": 1}),
    "append": (persona("persona_timeline_append"), {"requests": 1, "timeline_appended": 1}),
    "supersede": (persona("persona_timeline_supersede"), {"requests": 1, "timeline_superseded": 1}),
    "upload": (persona("file_upload", fileSize=2048), {"requests": 1, "files": 1, "bytes": 2048}),
}
GENERIC: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "event": (line("e1", "event"), {}),
    "request": (line("e1", "request"), {"requests": 1}),
    "request of 4 calls": (line("e1", "request", api_calls=4), {"requests": 4}),
    "event of 4 calls": (line("e1", "event", api_calls=4), {}),
    "message": (line("e1", "message"), {"messages": 1}),
    "message of 5": (line("e1", "message", count=5), {"messages": 5}),
    "prompt of 7 messages": (line("e1", "prompt", messages=7), {"requests": 1, "prompts": 1, "messages": 7}),
    "event of 3 tool calls": (line("e1", "event", tool_calls=3), {"tool_calls": 3}),
}


@pytest.fixture(scope="module")
def counted(computed: Callable[..., Storage]) -> Storage:
    """Each of these records, as the only one of a tenant and a source."""
    day = "2026-05-01"
    return computed(
        {
            ("persona", day): [{**record, "tenantId": name} for name, (record, _) in PERSONA.items()],
            ("generic", day): [{**record, "tenant": name} for name, (record, _) in GENERIC.items()],
        }
    )


def counts_of(storage: Storage, source: str, tenant: str) -> dict[str, object]:
    (found,) = read(storage, UsageQuery(FIRST, LAST, where=(("source", source), ("tenant", tenant)))).rows
    return {name: count for name, count in found.items() if count}


@pytest.mark.parametrize("name", PERSONA)
def test_what_a_record_of_the_persona_platform_counts_as(counted: Storage, name: str) -> None:
    assert counts_of(counted, "persona", name) == {"records": 1, **PERSONA[name][1]}


@pytest.mark.parametrize("name", GENERIC)
def test_what_a_record_of_a_generic_type_counts_as(counted: Storage, name: str) -> None:
    assert counts_of(counted, "generic", name) == {"records": 1, **GENERIC[name][1]}


def test_tokens_by_what_they_were(storage: Storage, landing: Landing, run: Run) -> None:
    fields = {"tokensIn": 100, "cachedTokensIn": 30, "tokensOut": 20, "reasoningTokensOut": 5}
    landing.write("persona", "2026-05-01", [prompt("e1", TIME, **fields)])
    run()
    names = ("tokens_in", "tokens_cached", "tokens_out", "tokens_reasoning", "tokens_total")
    assert usage(storage, *names) == [(100, 30, 20, 5, 120)]


def varied_lines() -> list[dict[str, Any]]:
    """Two days of two tenants, with and without values for the dimensions."""
    return [
        prompt("e1", "2026-05-01T08:00:00Z", modelName="m1", userId="u1", conversationId="c1"),
        prompt("e2", "2026-05-01T09:00:00Z", modelName="m2", userId="u1", project="p1"),
        prompt("e3", "2026-05-01T10:00:00Z", userId="u2", status="failed", tokensIn=7),
        prompt("e4", "2026-05-02T08:00:00Z", modelName="m1", conversationId="c1"),
        prompt("e5", "2026-05-02T09:00:00Z", modelName="m1", tenantId="zeta", conversationId="c1"),
        persona("persona_create", tenantId="zeta", feature="it's new"),
    ]


@pytest.fixture(scope="module")
def varied(computed: Callable[..., Storage]) -> Storage:
    counted = [line("e1", "conversation", count=4, model="m2", agent="a1")]
    return computed({("persona", "2026-05-02"): varied_lines(), ("generic", "2026-05-02"): counted})


@pytest.fixture
def breakable(storage: Storage, landing: Landing, run: Run) -> Storage:
    """A storage of the test's own, whose files it may take away."""
    landing.write("persona", "2026-05-02", varied_lines())
    run()
    return storage


def test_usage_is_grouped_by_any_words_in_their_order(varied: Storage) -> None:
    assert usage(varied, "records", days=(FIRST, date(2026, 5, 2)), group_by=("day", "tenant")) == [
        (date(2026, 5, 1), "acme", 4),
        (date(2026, 5, 1), "zeta", 1),
        (date(2026, 5, 2), "acme", 1),
        (date(2026, 5, 2), "zeta", 1),
    ]


def test_records_without_a_value_are_a_group_of_their_own(varied: Storage) -> None:
    found = usage(varied, "records", "conversations", group_by=("model",))
    assert found == [(NONE, 2, 0), ("m1", 3, 2), ("m2", 2, 4)]


def test_usage_is_filtered_by_all_conditions(varied: Storage) -> None:
    expected: dict[tuple[tuple[str, str], ...], int] = {
        (): 7,
        (("tenant", "acme"),): 5,
        (("model", NONE),): 2,
        (("tenant", "acme"), ("model", "m1")): 2,
        (("model", "m1"), ("model", "m2")): 0,
        (("day", "2026-05-02"),): 2,
        (("feature", "it's new"),): 1,
        (("feature", "' OR 1 = 1 --"),): 0,
        (("status", "failed"),): 1,
    }
    assert {where: usage(varied, "records", where=where)[0][0] for where in expected} == expected


def test_a_range_includes_both_ends(varied: Storage) -> None:
    expected = {(1, 1): 5, (2, 2): 2, (1, 2): 7, (3, 31): 0}
    found = {
        (first, last): usage(varied, "records", days=(date(2026, 5, first), date(2026, 5, last)))[0][0]
        for first, last in expected
    }
    assert found == expected


def test_grouping_nothing_gives_no_groups(varied: Storage) -> None:
    assert usage(varied, "records", group_by=("model",), where=(("tenant", "nobody"),)) == []


@pytest.mark.parametrize("query", [{"group_by": ("colour",)}, {"where": (("colour", "red"),)}])
def test_a_word_that_is_no_dimension_is_refused(query: dict[str, Any]) -> None:
    with pytest.raises(UsagePipelineError) as error:
        UsageQuery(FIRST, LAST, **query)
    expected = "day, tenant, source, type, model, member_id, project, feature, agent, agent_type, status"
    assert str(error.value).startswith(f"There is no dimension 'colour'; expected one of {expected}")


def test_a_word_that_is_no_metric_is_refused() -> None:
    with pytest.raises(UsagePipelineError, match="There is no metric 'cost'; expected one of records, requests"):
        UsageQuery(FIRST, LAST, metrics=("cost",))


@checked(max_examples=40, deadline=None)
@given(
    group_by=st.lists(st.sampled_from(list(GROUPS)), unique=True).map(tuple),
    where=st.lists(st.sampled_from([("tenant", "acme"), ("model", "m1"), ("day", "2026-05-01")]), unique=True),
)
def test_the_sum_of_any_groups_is_the_total(
    varied: Storage, group_by: tuple[str, ...], where: list[tuple[str, str]]
) -> None:
    (total,) = read(varied, UsageQuery(FIRST, LAST, where=tuple(where))).rows
    groups = read(varied, UsageQuery(FIRST, LAST, group_by=group_by, where=tuple(where))).rows
    known = [group for group in groups if group["records"] is not None]
    sums = {name: sum(int(str(group[name])) for group in known) for name in METRIC_NAMES}
    assert sums == total


def test_a_rollup_that_is_gone_is_an_error_and_not_a_lower_total(breakable: Storage) -> None:
    shutil.rmtree(breakable.settings.data_dir / "rollups" / "daily_usage")
    with pytest.raises(PartitionError, match=r"daily_usage: .* an answer without them would be wrong"):
        read(breakable, UsageQuery(FIRST, LAST))


def test_a_rollup_that_is_damaged_is_an_error_that_says_what_to_do(breakable: Storage) -> None:
    for path in (breakable.settings.data_dir / "rollups" / "daily_usage").rglob("*.parquet"):
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(PartitionError, match="usage-pipeline recompute"):
        read(breakable, UsageQuery(FIRST, LAST))


def test_a_word_that_stands_twice_is_refused() -> None:
    with pytest.raises(QueryError, match="a word occurs twice"):
        UsageQuery(FIRST, LAST, ("day", "day"))


@pytest.mark.parametrize("value", ["yesterday", "2026-02-30", "20260501"])
def test_a_condition_on_what_is_no_day_is_refused(value: str) -> None:
    with pytest.raises(QueryError, match=f"day={value}: expected a day, YYYY-MM-DD"):
        UsageQuery(FIRST, LAST, where=(("day", value),))
