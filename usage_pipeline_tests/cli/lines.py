"""Lines of tenant acme, and of globex, that these tests land."""

from usage_pipeline_tests.support import Landing, prompt

LINES = [
    prompt("e1", "2026-05-01T08:00:00Z", modelName="m1", conversationId="c1"),
    prompt("e2", "2026-05-01T09:00:00Z", modelName="m2", conversationId="c1", tokensIn=200),
    prompt("e3", "2026-05-03T09:00:00Z", modelName="m1", status="failed"),
    prompt("e4", "2026-05-03", modelName="m1"),
]


def write_three_days(landing: Landing) -> None:
    """Two lines on 1 May, one of globex on the 2nd, and on the 3rd a good and a broken one."""
    landing.write("persona", "2026-05-01", LINES[:2])
    landing.write("persona", "2026-05-02", [prompt("g1", "2026-05-02T00:00:00Z", tenantId="globex")])
    landing.write("persona", "2026-05-03", LINES[2:])


FOLDER = "persona/2026-05-01"
GOOD, BAD = f"{FOLDER}/good.jsonl", f"{FOLDER}/bad.jsonl"
GONE = "persona/2026-05-02/gone.jsonl"
VOID = {"id": "v1", "tenantId": "acme", "source": "persona", "recordId": "e9", "eventDay": "2026-05-01"}
_TIME = "2026-05-01T08:00:00Z"


def write_troubles(landing: Landing) -> None:
    """A good file, a quarantined one, one with a conflict, and a void of nothing."""
    good = [prompt("e1", _TIME), prompt("e2", "2026-04-30T08:00:00Z")]
    landing.write("persona", "2026-05-01", good, name="good.jsonl")
    bad = [*(prompt(f"q{number}", _TIME) for number in range(90)), *["{"] * 10]
    landing.write("persona", "2026-05-01", bad, name="bad.jsonl")
    landing.write("persona", "2026-05-02", [prompt("e1", _TIME, tokensIn=7)], name="gone.jsonl")
    landing.write("void", "2026-05-02", [VOID])


def remove_one(landing: Landing) -> None:
    """The file with the conflict is gone."""
    (landing.root / GONE).unlink()
