"""Answers are made once for each state of what they are of, and no longer kept than they are right."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from fastapi.testclient import TestClient

from usage_pipeline.api.app import create_app
from usage_pipeline.api.kept_answers import KeptAnswers
from usage_pipeline.api.tenant_data import TenantData
from usage_pipeline.listing.pages import Pages
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.api.conftest import client_with_key
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


def test_those_that_nobody_asks_for_go_first_when_they_become_too_many() -> None:
    answers, made = KeptAnswers(most_bytes=30_000), []

    def ask(name: str) -> None:
        def make() -> bytes:
            made.append(name)
            return b"x" * 2_000

        answers.get(("acme", name), 1, make)

    for name in "abcdefghijkl":
        ask(name)
        ask("a")
    assert made == [*"abcdefghijkl"]
    ask("l")
    ask("b")
    assert made == [*"abcdefghijklb"]


def test_an_answer_that_changes_takes_its_room_once(numbered: Callable[[], bytes]) -> None:
    answers = KeptAnswers(most_bytes=10_000)
    answers.get(("acme", "a"), 1, numbered)
    for as_of in range(100):
        answers.get(("acme", "b"), as_of, numbered)
    assert answers.get(("acme", "a"), 1, numbered) == b"1"


def test_one_that_is_large_puts_out_no_others(numbered: Callable[[], bytes]) -> None:
    answers = KeptAnswers(most_bytes=10_000)
    answers.get(("acme", "a"), 1, numbered)
    assert answers.get(("acme", "large"), 1, lambda: b"x" * 20_000) == b"x" * 20_000
    assert answers.get(("acme", "large"), 1, numbered) == b"2"
    assert answers.get(("acme", "a"), 1, numbered) == b"1"


def test_what_is_made_while_all_is_forgotten_is_not_kept(numbered: Callable[[], bytes]) -> None:
    answers = KeptAnswers()

    def forgotten_meanwhile() -> bytes:
        answers.forget()
        return b"before"

    assert answers.get(("acme", "a"), 1, forgotten_meanwhile) == b"before"
    assert answers.get(("acme", "a"), 1, numbered) == b"1"


@pytest.fixture
def storage(open_shared: Callable[..., Storage]) -> Storage:
    """A storage with a prompt of acme of 1 May."""
    opened = open_shared(now=NOW)
    land(opened, "first")
    return opened


@pytest.fixture
def clients(storage: Storage) -> Mapping[str | None, TestClient]:
    """Clients of one server with keys of two tenants and of the platform."""
    app = create_app(storage)
    return {tenant: client_with_key(app, storage, tenant) for tenant in ("acme", "zeta", None)}


@pytest.fixture
def acme(clients: Mapping[str | None, TestClient]) -> TestClient:
    """The one of acme."""
    return clients["acme"]


def land(storage: Storage, name: str, tenant: str = "acme") -> None:
    prompts = [prompt(name, "2026-05-01T08:00:00Z", conversationId=name, tenantId=tenant)]
    Landing(storage.settings.landing).write("persona", "2026-05-01", prompts, name=f"{name}.jsonl")
    land_and_compute(storage, "records", "rollups", "series", "breakdowns", "costs", "credits")


def test_what_lands_is_in_the_next_answer(storage: Storage, acme: TestClient) -> None:
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


def test_each_key_gets_the_answer_of_its_tenant(
    storage: Storage, clients: Mapping[str | None, TestClient]
) -> None:
    for name in ("a", "b"):
        land(storage, name, "zeta")
    found = {
        tenant: [client.get(f"/v1/summary?{DAYS}").json()["current"]["tokens_total"] for _ in range(2)]
        for tenant, client in clients.items()
    }
    assert found == {"acme": [120, 120], "zeta": [240, 240], None: [360, 360]}


def test_a_file_that_was_edited_counts_at_once(storage: Storage, acme: TestClient) -> None:
    def asked() -> tuple[str, str]:
        period, hours = acme.get("/v1/usage/fetch").json()["period"], acme.get("/v1/usage/hours").json()
        return period["from"], hours["time_zone"]

    assert asked() == ("2026-05-01", "UTC")
    storage.settings.reference.mkdir(exist_ok=True)
    (storage.settings.reference / "tenants.yaml").write_text(
        "acme: {billing_anchor_day: 2, time_zone: Europe/Berlin}", encoding="utf-8"
    )
    assert asked() == ("2026-05-02", "Europe/Berlin")


def test_an_answer_is_of_its_day_and_of_the_days_that_were_meant(storage: Storage) -> None:
    tomorrow = storage.settings.model_copy(update={"now": NOW + timedelta(days=1)})
    kept = (Pages(storage), KeptAnswers(), "the same question", "acme")
    today, later = (
        TenantData(one, one.at_once(), *kept, may_read_content=False)
        for one in (storage, replace(storage, settings=tomorrow))
    )
    assert (today.kept(lambda: 1, "May"), today.kept(lambda: 2, "May")) == (b"1", b"1")
    assert (today.kept(lambda: 3, "June"), later.kept(lambda: 4, "June")) == (b"3", b"4")
