"""Grants by file and by hand: each is recorded once, with reason, person and time, and never changes."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from usage_pipeline.billing.ledger.grant_file import GrantEntry
from usage_pipeline.billing.ledger.grants import Act, Voiding, add_grant, import_grants, read_acts, void_grant
from usage_pipeline.errors import QueryError, ReferenceFileError
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.billing.ledger.accounts import at
from usage_pipeline_tests.billing.ledger.deployment import Deployment
from usage_pipeline_tests.conftest import NOW

ENTRY = (
    '- {id: one, tenant: acme, kind: topup, amount: "100", effective_at: 2026-05-20T15:00:00Z, reason: bought}\n'
)


def imported(deployment: Deployment, content: str) -> int:
    deployment.write_reference("grants", content)
    with deployment.storage.warehouse.begin() as connection:
        return import_grants(connection, deployment.storage.settings)


def acts(storage: Storage) -> dict[str, Act]:
    with storage.warehouse.connect() as connection:
        return {act.id: act for act in read_acts(connection)}


def grant(**values: object) -> GrantEntry:
    usual = {"id": "one", "tenant": "acme", "kind": "topup", "amount": "100", "reason": "bought"}
    return GrantEntry.model_validate({**usual, "effective_at": at("05-20 15:00"), **values})


def test_the_file_is_imported_once_by_id(deployment: Deployment) -> None:
    assert imported(deployment, ENTRY) == 1
    assert imported(deployment, ENTRY + ENTRY.replace("one", "two")) == 1
    assert imported(deployment, "") == 0
    found = acts(deployment.storage)
    assert list(found) == ["one", "two"]
    assert (found["one"].by, found["one"].reason, found["one"].recorded_at) == ("grants.yaml", "bought", NOW)
    assert (found["one"].amount, found["one"].priority) == (Decimal(100), 50)


@pytest.mark.parametrize(
    ("old", "new"), [("100", "200"), ("acme", "globex"), ("bought", "given"), ("15:00", "16:00")]
)
def test_an_imported_entry_that_changes_is_an_error_and_stays(deployment: Deployment, old: str, new: str) -> None:
    imported(deployment, ENTRY)
    before = acts(deployment.storage)
    with pytest.raises(ReferenceFileError) as error:
        imported(deployment, ENTRY.replace(old, new) + ENTRY.replace("one", "two"))
    assert "grants.yaml: one: it was recorded with other values, which stay. Restore the entry" in str(error.value)
    assert acts(deployment.storage) == before


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "acme",
            "acne",
            (
                "two: tenant: there is no tenant 'acne': no usage of it has landed, and tenants.yaml has no "
                "entry; did you mean 'acme'?"
            ),
        ),
        (
            "acme",
            "erased",
            "two: tenant: the tenant 'erased' keeps the sums of erased tenants, and has no account.",
        ),
        (
            'topup, amount: "100"',
            'adjustment, lowers: onn, amount: "-1"',
            "two: lowers: acme has no grant 'onn'; did you mean 'one'?",
        ),
    ],
)
def test_an_entry_of_nobody_or_of_no_grant_keeps_the_whole_file_out(
    deployment: Deployment, old: str, new: str, told: str
) -> None:
    deployment.write_reference("tenants", "acme: {}\n")
    with pytest.raises(ReferenceFileError) as error:
        imported(deployment, ENTRY + ENTRY.replace("one", "two").replace(old, new))
    assert str(error.value) == f"{deployment.storage.settings.reference / 'grants.yaml'}: {told}"
    assert acts(deployment.storage) == {}


def test_a_grant_by_hand_keeps_who_gave_it_and_why(deployment: Deployment) -> None:
    add_grant(deployment.storage, grant(kind="adjustment", reason="incident"), "ann")
    found = acts(deployment.storage)["one"]
    assert (found.kind, found.reason, found.by, found.recorded_at) == ("adjustment", "incident", "ann", NOW)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(QueryError) as error:
        act()
    return str(error.value)


def test_what_cannot_be_granted_is_refused_with_what_to_do(deployment: Deployment) -> None:
    storage = deployment.storage
    add_grant(storage, grant(), "ann")
    before = acts(storage)
    assert refused(lambda: add_grant(storage, grant(), "ann")) == (
        "There is a grant 'one' already; give another id."
    )
    assert refused(lambda: add_grant(storage, grant(id="two", tenant="acm"), "ann")) == (
        "There is no tenant 'acm': no usage of it has landed, and tenants.yaml has no entry; did you mean 'acme'?"
    )
    assert refused(lambda: add_grant(storage, grant(id="two", tenant="erased"), "ann")) == (
        "The tenant 'erased' keeps the sums of erased tenants, and has no account."
    )
    lowering = grant(id="two", kind="adjustment", amount="-5", lowers="on")
    assert refused(lambda: add_grant(storage, lowering, "ann")) == (
        "acme has no grant 'on'; `usage-pipeline credits --tenant acme` lists them."
    )
    assert acts(storage) == before


def test_a_grant_is_void_once(deployment: Deployment) -> None:
    storage, voiding = deployment.storage, Voiding("acme", "one", at("05-25"), "by mistake", "ann")
    assert "acme has no grant 'one'" in refused(lambda: void_grant(storage, voiding))
    add_grant(storage, grant(), "ann")
    void_grant(storage, voiding)
    assert refused(lambda: void_grant(storage, voiding)) == (
        "one is void already, since 2026-05-25T00:00:00Z. To take more, add an amount below 0 that lowers another "
        "grant."
    )
    assert acts(storage)["void/acme/one"].reason == "by mistake"


def test_a_grant_that_has_ended_is_not_void(deployment: Deployment) -> None:
    storage = deployment.storage
    add_grant(storage, grant(expires_at=at("05-25")), "ann")
    voiding = Voiding("acme", "one", at("05-25"), "by mistake", "ann")
    assert refused(lambda: void_grant(storage, voiding)) == (
        "one ended 2026-05-25T00:00:00Z: nothing of it is left to void."
    )


def test_an_allocation_of_a_plan_can_be_void(deployment: Deployment) -> None:
    deployment.write_reference("plans", 'free: {retention_days: null, monthly_credits: "1000"}\ndefault: free\n')
    deployment.use("05-10 08:00", 300)
    deployment.run()
    void_grant(deployment.storage, Voiding("acme", "allocation/2026-05-01", at("05-20"), "left", "ann"))
    deployment.run()
    assert (deployment.left("05-19"), deployment.left("05-20")) == (700, 0)


def test_a_lowering_takes_from_its_grant(deployment: Deployment) -> None:
    storage = deployment.storage
    add_grant(storage, grant(), "ann")
    lowering = grant(id="two", kind="adjustment", amount="-30", lowers="one", effective_at=at("05-21"))
    add_grant(storage, lowering, "ann")
    deployment.run()
    assert (deployment.left("05-20 15:00"), deployment.left("05-21")) == (100, 70)
    assert deployment.balance("05-21").totals.lowered == 30
