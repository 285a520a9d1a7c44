"""Lines of tenant acme that these tests land: two days of usage, and a broken one."""

from usage_pipeline_tests.support import prompt

LINES = [
    prompt("e1", "2026-05-01T08:00:00Z", modelName="m1", conversationId="c1"),
    prompt("e2", "2026-05-01T09:00:00Z", modelName="m2", conversationId="c1", tokensIn=200),
    prompt("e3", "2026-05-03T09:00:00Z", modelName="m1", status="failed"),
    prompt("e4", "2026-05-03", modelName="m1"),
]
