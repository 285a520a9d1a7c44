"""`credits` and `grant` as a user calls them."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from usage_pipeline.billing.ledger.ledger import read_ledger
from usage_pipeline.cli.app import app
from usage_pipeline.cli.progress import progress_bar
from usage_pipeline.cli.session import Session, settle
from usage_pipeline.credits.rate_store import rerate_credits
from usage_pipeline.pipeline.refresh import PlainRunner
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.billing.ledger.deployment import RATES, Deployment
from usage_pipeline_tests.conftest import Prepare
from usage_pipeline_tests.support import Landing, prompt

Call = Callable[..., str]
ADD = ("grant", "add", "topup-1", "--tenant", "acme", "--amount", "100", "--reason", "bought")


@pytest.fixture(autouse=True)
def _deployed(storage: Storage, landing: Landing, prepare: Prepare) -> None:
    """30 credits that acme used on 20 May, and an operation of globex without a rate."""

    def deploy() -> None:
        storage.settings.reference.mkdir(parents=True, exist_ok=True)
        deployment = Deployment(storage, landing)
        deployment.write_reference("credit_rates", RATES)
        deployment.write_reference("tenants", "acme: {}")
        deployment.use("05-20 08:00", 30)
        unrated = prompt("unrated", "2026-05-20T09:00:00Z", tenantId="globex", event="persona_list")
        landing.write("persona", "2026-05-20", [unrated], name="unrated.jsonl")
        deployment.run()

    prepare("deployed", deploy)


def rows(call: Call, *arguments: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(call(*arguments, "--format", "json"))
    return found


def left(call: Call, instant: str) -> list[Decimal]:
    """What is left of each grant at an instant, and of all."""
    found = rows(call, "credits", "--tenant", "acme", "--at", instant)
    return [Decimal(str(row["left"])) for row in found if row["left"] is not None]


def test_a_grant_pays_from_its_instant_on_and_the_ledger_tells(call: Call) -> None:
    printed = call(*ADD, "--at", "2026-05-20T09:00:00Z", "--by", "ann")
    assert printed.splitlines() == ["Added topup-1.", "Posted 3 rows to the ledger."]
    assert left(call, "2026-05-20T08:59:59Z") == [-30]
    assert left(call, "2026-05-20T09:00:00Z") == [70, 70]
    ledger = call("credits", "--tenant", "acme", "--ledger", "--format", "csv").splitlines()
    assert ledger == [
        "id,effective_at,kind,grant_id,amount,recorded_at",
        "1,2026-05-20 00:00:00+00:00,overage,,-30.000000000000,2026-06-01 00:00:00+00:00",
        "2,2026-05-20 09:00:00+00:00,topup,topup-1,100.000000000000,2026-06-01 00:00:00+00:00",
        "3,2026-05-20 09:00:00+00:00,repayment,topup-1,-30.000000000000,2026-06-01 00:00:00+00:00",
        "4,2026-05-20 09:00:00+00:00,repayment,,30.000000000000,2026-06-01 00:00:00+00:00",
    ]


def test_a_void_takes_what_is_left(call: Call) -> None:
    call(*ADD, "--at", "2026-05-20T09:00:00Z")
    printed = call("grant", "void", "topup-1", "--tenant", "acme", "--reason", "by mistake", "--at", "2026-05-21")
    assert printed.splitlines() == ["Voided topup-1.", "Posted 1 row to the ledger."]
    assert left(call, "2026-05-21T00:00:00Z") == [0, 0]


def test_what_is_computed_again_is_posted(storage: Storage, capsys: pytest.CaptureFixture[str]) -> None:
    (storage.settings.reference / "credit_rates.yaml").write_text(RATES.replace("1000", "2000"))
    rerate_credits(storage, [date(2026, 5, 20)])
    with progress_bar() as bar:
        settle(Session(storage, bar, lambda: PlainRunner(storage)))
    assert "Posted 1 row to the ledger of credits." in capsys.readouterr().out
    with storage.warehouse.connect() as connection:
        found = [entry.amount for _, entry, _ in read_ledger(connection, "acme", storage.settings.clock.now)]
    assert found == [-30, -30]


def test_a_statement_has_the_credits_of_each_grant_and_the_plan_in_words(call: Call) -> None:
    call(*ADD, "--at", "2026-05-20T09:00:00Z")
    statement = ("statement", "--tenant", "acme", "--period", "2026-05")
    kinds = [
        (row["kind"], row["grant_id"], *(Decimal(str(row[name])) for name in ("granted", "used", "closing")))
        for row in rows(call, *statement, "--part", "credits")
    ]
    assert kinds == [("topup", "topup-1", 100, 30, 70), ("total", "", 100, 30, 70)]
    printed = call(*statement, "--part", "credits").splitlines()
    assert printed[2].split() == ["kind", "grant_id", "opening", "granted", "used", "closing"]
    assert call(*statement).splitlines()[-1] == (
        "Plan default, 2026-05-01 to 2026-05-31: without a price; usage beyond its 0 credits is not allowed: "
        "`check` refuses prompts that need more."
    )


@pytest.mark.usefixtures("call")
def test_usage_has_credits_beside_the_operations_that_are_in_none() -> None:
    asked = ("usage", "--group-by", "tenant", "--metrics", "credits", "--from", "2026-05-20", "--to", "2026-05-20")
    ended = CliRunner().invoke(app, [*asked, "--format", "csv"])
    assert ended.stdout.splitlines() == [
        "tenant,credits,unrated_operations",
        "acme,30.000000000000,0",
        "globex,,1",
    ]
    assert ended.stderr == (
        "Warning: 1 operation without a rate, in no credits; see why with --metrics operations "
        "--group-by type,unrated.\n"
    )


def test_a_grant_without_an_instant_begins_now(call: Call) -> None:
    call(*ADD)
    (found, *_) = rows(call, "credits", "--tenant", "acme")
    assert (found["effective_at"], found["left"]) == ("2026-06-01T00:00:00+00:00", "70.000000000000")


def test_the_file_is_imported(call: Call, settings: Settings) -> None:
    entry = (
        '- {id: one, tenant: acme, kind: topup, amount: "5", effective_at: 2026-05-21T00:00:00Z, reason: bought}'
    )
    (settings.reference / "grants.yaml").write_text(entry)
    assert call("grant", "import").splitlines() == ["Posted 3 rows to the ledger."]
    assert call("grant", "import").splitlines() == ["Posted 0 rows to the ledger."]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("credits", "--tenant", "acme", "--at", "2026-06-02"),
            "2026-06-02T00:00:00Z has not come",
        ),
        (
            ("credits", "--tenant", "acne"),
            "There is no tenant 'acne': no usage of it has landed, and tenants.yaml has no entry; did you mean",
        ),
        (("credits", "--tenant", "erased", "--ledger"), "The tenant 'erased' keeps the sums of erased tenants"),
        (("grant", "add", "--tenant", "acme", "--amount", "5"), "grant add: reason: it is missing."),
        (("grant", "add", "--tenant", "acme", "--reason", "r"), "grant add: amount: it is missing."),
        ((*ADD[:2], "a/b", *ADD[3:]), "grant add: id: expected 1 to 100 letters, digits, dots, colons, - and _."),
        (
            (*ADD, "--amount", "much"),
            'grant add: amount: expected a decimal number in quotes, such as "99.50"',
        ),
        ((*ADD, "--expires-at", "2026-01-01"), "grant add: expires_at is not after effective_at"),
    ],
)
def test_what_cannot_be_asked_or_granted_is_told(call: Call, arguments: tuple[str, ...], told: str) -> None:
    del call  # sets the deployment
    error = CliRunner().invoke(app, list(arguments)).exception
    assert told in str(error)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("grant", "void", "one", "--reason", "r"), "--tenant is missing"),
        (("credits", "--tenant", ""), "expected an id, found ''"),
        (("costs", "--tenant", " "), "expected an id, found ' '"),
        (("grant", "void", "--tenant", "acme", "--reason", "r"), "ID is missing"),
        (("grant", "void", "one", "--tenant", "acme", "--amount", "5"), "`grant void` takes no --amount"),
        (("grant", "import", "one"), "`grant import` takes no ID"),
        (("grant", "import", "--by", "ann"), "`grant import` takes no --by"),
        (("grant", "void", "one", "--tenant", "acme"), "--reason is missing"),
        *(
            (
                ("credits", "--tenant", "acme", "--at", at),
                "expected a day, YYYY-MM-DD, or a time with its zone, in whole seconds",
            )
            for at in ("2026-05-20T09:00:00", "2026-05-20T09:00:00.5Z", "9999-12-31T23:59:59-01:00", "now")
        ),
    ],
)
def test_a_wrong_call_is_told_what_is_wrong(call: Call, arguments: tuple[str, ...], told: str) -> None:
    del call  # sets the deployment
    ended = CliRunner().invoke(app, list(arguments))
    assert ended.exit_code == 2
    assert told in " ".join(ended.stderr.replace("│", " ").split())
