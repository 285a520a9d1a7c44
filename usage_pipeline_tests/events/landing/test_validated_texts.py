"""What a tenant and a text to group by may look like: they become keys of a database and names of files."""

import json
from collections.abc import Callable

import pytest

from usage_pipeline.events.record import LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.events.each import Became
from usage_pipeline_tests.support import prompt, reject_reasons, rows

TIME = "2026-05-01T08:00:00Z"
TENANT = "a text of at most 128 characters, without control characters and white space around, and not `erased`"


NO_TENANTS = {
    "space before": " acme",
    "space behind": "acme ",
    "only a space": " ",
    "tab": "acme\t",
    "a list": '["acme"]',
    "line end": "ac\nme",
    "NUL": "ac\u0000me",
    "DEL": "ac\u007fme",
    "next line, a control character beyond ASCII": "ac\u0085me",
    "no-break space before": "\u00a0acme",
    "ideographic space behind": "acme\u3000",
    "129 characters": "x" * 129,
}
TENANTS = ("x" * 128, "夜" * 128, "acme corp", "a/b", "it's [me]", "Ünïted")
FIELDS = {
    "modelName": "model",
    "status": "status",
    "userId": "member_id",
    "project": "project",
    "feature": "feature",
}
NO_VALUES = {"257 characters": "x" * 257, "NUL": "a\u0000b"}


@pytest.fixture(scope="module")
def validated(land_each: Callable[..., dict[str, Became]]) -> dict[str, Became]:
    """What became of a line of each of these tenants, and of one with each of these values in each field."""
    lines = {tenant: prompt("e1", TIME, tenantId=tenant) for tenant in (*NO_TENANTS.values(), *TENANTS)}
    for field in FIELDS:
        for kind, value in NO_VALUES.items():
            lines[f"{field}: {kind}"] = prompt("e1", TIME, **{field: value})
    return land_each("persona", lines, tenant=None)


def told(line: Became) -> tuple[object, ...] | None:
    """What is said of a rejected line."""
    return line.reject and tuple(line.reject[name] for name in ("reason", "field", "found", "expected"))


@pytest.mark.parametrize("tenant", NO_TENANTS.values(), ids=NO_TENANTS)
def test_a_tenant_that_nobody_could_tell_from_another_is_rejected(
    validated: dict[str, Became], tenant: str
) -> None:
    quoted = json.dumps(tenant, ensure_ascii=False)  # so that white space and control characters can be seen
    assert told(validated[tenant]) == ("invalid_tenant_id", "$.tenantId", quoted, TENANT)


@pytest.mark.parametrize("tenant", TENANTS)
def test_any_other_name_is_a_tenant(validated: dict[str, Became], tenant: str) -> None:
    assert validated[tenant]["tenant_id"] == tenant


@pytest.mark.parametrize(("field", "column"), FIELDS.items())
@pytest.mark.parametrize("kind", NO_VALUES)
def test_a_text_to_group_by_that_no_index_takes_is_rejected(
    validated: dict[str, Became], field: str, column: str, kind: str
) -> None:
    fields = "$.status or $.jobStatus" if field == "status" else f"$.{field}"
    expected = "a text of at most 256 characters, no object and no list"
    assert told(validated[f"{field}: {kind}"]) == (f"invalid_{column}", fields, NO_VALUES[kind], expected)


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
    deliver("persona", "2026-05-01", [prompt("é" * 512, TIME, conversationId="c" * 2000)])
    assert rows(storage, LANDED_EVENTS, "record_id", "conversation_id") == [("é" * 512, "c" * 2000)]


@pytest.mark.parametrize(
    "record_id", ["é" * 512 + "x", "e\0", '{"a": 1}', "[]"], ids=["long", "NUL", "object", "list"]
)
def test_an_id_that_no_index_takes_is_rejected(
    storage: Storage, deliver: Callable[..., None], record_id: str
) -> None:
    deliver("persona", "2026-05-01", [prompt(record_id, TIME)])
    expected = "a text of at most 1,024 bytes without NUL, no object and no list"
    assert rows(storage, REJECTED_LINES, "reason", "field", "expected") == [
        ("invalid_record_id", "$.id", expected)
    ]


def test_an_id_that_looks_like_an_erased_one_is_rejected(storage: Storage, deliver: Callable[..., None]) -> None:
    deliver("persona", "2026-05-01", [prompt("e1", TIME, conversationId="erased:c1"), prompt("erased:e2", TIME)])
    assert reject_reasons(storage) == [(1, "invalid_conversation_id")]
    assert rows(storage, LANDED_EVENTS, "record_id") == [("erased:e2",)]


def test_kinds_of_issues_are_texts_that_a_database_takes(storage: Storage, deliver: Callable[..., None]) -> None:
    check = {"event": "persona_consistency_check", "timestamp": TIME, "tenantId": "acme", "issueCount": 1}
    kinds = ["tone\0", ["tone\0"], "tone", ""]
    deliver("persona", "2026-05-01", [{**check, "id": str(n), "issueTypes": kind} for n, kind in enumerate(kinds)])
    assert reject_reasons(storage) == [(1, "invalid_issue_types")]
    assert rows(storage, LANDED_EVENTS, "issue_types") == [('["tone\\u0000"]',), ("tone",), (None,)]
