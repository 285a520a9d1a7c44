"""An error may be written as a text, as an object with a message, or as an object without one."""

from collections.abc import Callable
from typing import Any

import pytest

from usage_pipeline.events.record import CONTENT, LANDED_EVENTS
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import rows

RUN = {"runId": "r1", "tenantId": "acme", "endedAt": "2026-05-01T08:00:00Z", "status": "failed"}
CALLBACK = {
    "kind": "persona.prompt.result",
    "jobId": "j1",
    "tenantId": "acme",
    "completedAt": "2026-05-01T08:00:00Z",
    "status": "failed",
}


@pytest.mark.parametrize(("source", "line"), [("agent_runs", RUN), ("persona_callback", CALLBACK)])
@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        ("quota exceeded", None, "quota exceeded"),
        ({"code": "quota", "message": "quota exceeded"}, "quota", "quota exceeded"),
        ({"code": "quota", "retry": True}, "quota", '{"code":"quota","retry":true}'),
        ({"message": "quota exceeded"}, None, "quota exceeded"),
    ],
    ids=["text", "object", "object without message", "object without code"],
)
def test_the_text_of_an_error_goes_to_content_and_its_code_to_the_record(  # noqa: PLR0913, PLR0917 - a table
    storage: Storage,
    deliver: Callable[..., None],
    source: str,
    line: dict[str, Any],
    error: object,
    code: str | None,
    text: str,
) -> None:
    deliver(source, "2026-05-01", [{**line, "error": error}])
    assert rows(storage, LANDED_EVENTS, "error_code", "meta") == [(code, None)]
    assert rows(storage, CONTENT, "error") == [(text,)]
