"""Answers are made once for each state of what they are of, and no longer kept than they are right."""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import pytest
from fastapi.testclient import TestClient

from usage_pipeline.api.app import create_app
from usage_pipeline.api.kept_answers import KeptAnswers
from usage_pipeline.keys.keys import NewKey, Scope, create_key
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.support import Landing, land_and_compute, prompt

NOW = datetime(2026, 5, 3, 12, tzinfo=UTC)
DAYS = "from=2026-05-01&to=2026-05-03"


@pytest.fixture
def numbered() -> Callable[[], bytes]:
    """Makes another answer each time."""
    numbers = count(1)
    return lambda: str(next(numbers)).encode()


def test_an_answer_is_made_again_for_another_state_tenant_or_question(numbered: Callable[[], bytes]) -> None:
    answers = KeptAnswers()
    asked = [("acme", "a"), ("zeta", "a"), (None, "a"), ("acme", "b")]
    assert [answers.get(question, 1, numbered) for question in asked * 2] == [b"1", b"2", b"3", b"4"] * 2
    assert [answers.get(("acme", "a"), as_of, numbered) for as_of in (2, 2, 1)] == [b"5", b"5", b"6"]


def test_those_that_nobody_asks_for_go_first_when_they_become_too_many(numbered: Callable[[], bytes]) -> None:
    answers = KeptAnswers(most_bytes=2)
    assert [answers.get(("acme", name), 1, numbered) for name in "ababca"] == [*(b"1", b"2") * 2, b"3", b"4"]
    assert answers.get(("acme", "large"), 1, lambda: b"large") == b"large"
    assert answers.get(("acme", "large"), 1, numbered) == b"5"


@pytest.fixture
def client(open_shared: Callable[..., Storage]) -> tuple[Storage, TestClient]:
    """A storage with a prompt of acme of 1 May, and a client with its key."""
    storage = open_shared(now=NOW)
    land(storage, "first")
    with storage.warehouse.begin() as connection:
        shown = create_key(connection, NewKey("test", "acme", frozenset({Scope.TENANT}), "test"), NOW)
    return storage, TestClient(create_app(storage), headers={"Authorization": f"Bearer {shown}"})


def land(storage: Storage, name: str) -> None:
    prompts = [prompt(name, "2026-05-01T08:00:00Z")]
    Landing(storage.settings.landing).write("persona", "2026-05-01", prompts, name=f"{name}.jsonl")
    land_and_compute(storage, "records", "rollups", "series", "breakdowns", "costs", "credits")


def test_what_lands_is_in_the_next_answer(client: tuple[Storage, TestClient]) -> None:
    storage, acme = client
    paths = {
        f"/v1/usage/series/fetch?{DAYS}": ("tokens", 0, "total"),
        f"/v1/summary?{DAYS}": ("current", "tokens_total"),
        f"/v1/usage/breakdown?{DAYS}": ("total", "tokens_total"),
        f"/v1/costs?{DAYS}": ("total", "tokens"),
        "/v1/usage/fetch": ("tokens",),
        f"/v1/usage/hours?{DAYS}": ("items", 4 * 24 + 8, "tokens"),
    }

    def tokens() -> list[int]:
        found = []
        for path, place in paths.items():
            value = acme.get(path).json()
            for step in place:
                value = value[step]
            found.append(value)
        return found

    assert [tokens(), tokens()] == [[120] * len(paths)] * 2
    land(storage, "second")
    assert tokens() == [240] * len(paths)


def test_a_file_that_was_edited_counts_at_once(client: tuple[Storage, TestClient]) -> None:
    storage, acme = client
    assert acme.get("/v1/usage/fetch").json()["period"] == {"from": "2026-05-01", "to": "2026-06-01"}
    storage.settings.reference.mkdir(exist_ok=True)
    (storage.settings.reference / "tenants.yaml").write_text(
        "acme: {billing_anchor_day: 2, time_zone: Europe/Berlin}", encoding="utf-8"
    )
    assert acme.get("/v1/usage/fetch").json()["period"] == {"from": "2026-05-02", "to": "2026-06-02"}
    assert acme.get("/v1/usage/hours").json()["time_zone"] == "Europe/Berlin"
