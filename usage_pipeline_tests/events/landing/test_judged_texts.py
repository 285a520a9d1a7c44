"""What a tenant and a text to group by may look like: they become keys of a database and names of files."""

import json
from collections.abc import Callable
from datetime import date

import pytest

from usage_pipeline.events.landing.rejects import read_rejects
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import prompt, reject_reasons, rows

DAY = date(2026, 5, 1)
TIME = "2026-05-01T08:00:00Z"
TENANT = "a text of at most 128 characters, without control characters and white space around"


@pytest.mark.parametrize(
    "tenant",
    [
        pytest.param(" acme", id="space before"),
        pytest.param("acme ", id="space behind"),
        pytest.param(" ", id="only a space"),
        pytest.param("acme\t", id="tab"),
        pytest.param('["acme"]', id="a list"),
        pytest.param("ac\nme", id="line end"),
        pytest.param("ac\u0000me", id="NUL"),
        pytest.param("ac\u007fme", id="DEL"),
        pytest.param("ac\u0085me", id="next line, a control character beyond ASCII"),
        pytest.param("\u00a0acme", id="no-break space before"),
        pytest.param("acme\u3000", id="ideographic space behind"),
        pytest.param("x" * 129, id="129 characters"),
    ],
)
def test_a_tenant_that_nobody_could_tell_from_another_is_rejected(
    storage: Storage, deliver: Callable[..., None], tenant: str
) -> None:
    deliver("persona", "2026-05-01", [prompt("e1", TIME, tenantId=tenant)])
    (reject,) = read_rejects(storage, DAY, DAY)
    told = (reject["reason"], reject["field"], reject["found"], reject["expected"])
    quoted = json.dumps(tenant, ensure_ascii=False)  # so that white space and control characters can be seen
    assert told == ("invalid_tenant_id", "$.tenantId", quoted, TENANT)


@pytest.mark.parametrize("tenant", ["x" * 128, "夜" * 128, "acme corp", "a/b", "it's [me]", "Ünïted"])
def test_any_other_name_is_a_tenant(storage: Storage, deliver: Callable[..., None], tenant: str) -> None:
    deliver("persona", "2026-05-01", [prompt("e1", TIME, tenantId=tenant)])
    assert rows(storage, LANDED_EVENTS, "tenant_id") == [(tenant,)]


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ("modelName", "model"),
        ("status", "status"),
        ("userId", "member_id"),
        ("project", "project"),
        ("feature", "feature"),
    ],
)
@pytest.mark.parametrize("value", ["x" * 257, "a\u0000b"], ids=["257 characters", "NUL"])
def test_a_text_to_group_by_that_no_index_takes_is_rejected(
    storage: Storage, deliver: Callable[..., None], field: str, column: str, value: str
) -> None:
    deliver("persona", "2026-05-01", [prompt("e1", TIME, **{field: value})])
    (reject,) = read_rejects(storage, DAY, DAY)
    told = (reject["reason"], reject["field"], reject["found"], reject["expected"])
    fields = "$.status or $.jobStatus" if field == "status" else f"$.{field}"
    assert told == (f"invalid_{column}", fields, value, "a text of at most 256 characters, no object and no list")


@pytest.mark.parametrize("column", ["agent", "agent_type"])
def test_the_agents_of_runs_are_texts_to_group_by(
    storage: Storage, deliver: Callable[..., None], column: str
) -> None:
    field = {"agent_type": "agentType"}.get(column, column)
    deliver("agent_runs", "2026-05-01", [{"runId": "r1", "tenantId": "acme", "endedAt": TIME, field: "x" * 257}])
    assert reject_reasons(storage) == [(1, f"invalid_{column}")]


@pytest.mark.parametrize(
    ("name", "rejects"),
    [
        ("command_" + "x" * 248, []),
        ("command_" + "x" * 249, [(1, "unknown_type")]),
        ("command_\u0000", [(1, "unknown_type")]),
    ],
    ids=["256 characters", "257 characters", "NUL"],
)
def test_a_type_that_a_pattern_admits_is_a_text_to_group_by(
    storage: Storage, deliver: Callable[..., None], name: str, rejects: list[tuple[int, str]]
) -> None:
    line = {"event": name, "properties": {}, "user_id": "u", "time": 1777622400}
    deliver("aider", "2026-05-01", [line], tenant="acme")
    assert reject_reasons(storage) == rejects


def test_256_characters_are_a_text_to_group_by(storage: Storage, deliver: Callable[..., None]) -> None:
    deliver("persona", "2026-05-01", [prompt("e1", TIME, modelName="\U0001f319" * 256)])
    assert rows(storage, LANDED_EVENTS, "model") == [("\U0001f319" * 256,)]


def test_an_id_may_be_longer(storage: Storage, deliver: Callable[..., None]) -> None:
    deliver("persona", "2026-05-01", [prompt("e" * 1000, TIME, conversationId="c" * 1000)])
    assert rows(storage, LANDED_EVENTS, "record_id", "conversation_id") == [("e" * 1000, "c" * 1000)]
