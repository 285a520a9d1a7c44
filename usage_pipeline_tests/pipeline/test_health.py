"""The examination names what is wrong, and what to do about it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from usage_pipeline.delivery.message import Message
from usage_pipeline.delivery.outbox import enqueue, outbox
from usage_pipeline.delivery.tables import OutboxState
from usage_pipeline.keys.keys import NewKey, Scope, create_key
from usage_pipeline.pipeline.health import check_health
from usage_pipeline.pipeline.settings_health import HealthCheck, Level
from usage_pipeline.settings import Settings
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.conftest import NOW, Prepare
from usage_pipeline_tests.support import Landing, prompt

TENANTS = "acme: {name: Acme}\n"


def troubles(settings: Settings) -> list[tuple[Level, str]]:
    """All findings that are not in order."""
    return [(finding.level, finding.text) for finding in check_health(settings) if finding.level is not Level.OK]


@pytest.fixture
def reference(settings: Settings) -> Path:
    """A reference directory in which the tenant acme stands."""
    settings.reference.mkdir(parents=True)
    (settings.reference / "tenants.yaml").write_text(TENANTS)
    return settings.reference


@pytest.fixture
def computed(
    reference: Path,  # noqa: ARG001 - the files have to be there before the run; marks do not work on fixtures
    landing: Landing,
    run: Callable[[], object],
    prepare: Prepare,
) -> None:
    """One landed and computed day."""
    landing.write("persona", "2026-05-01", [prompt("e1", "2026-05-01T08:00:00Z")])
    prepare("computed", run)


@pytest.mark.usefixtures("computed")
def test_where_all_is_well_it_says_what_it_looked_at(settings: Settings) -> None:
    findings = check_health(settings)
    assert {finding.level for finding in findings} == {Level.OK}
    assert [finding.text.split(" ")[0].rstrip(":") for finding in findings] == [
        "Data",
        "PostgreSQL",
        "Formats",
        "Suites",
        "Reference",
        "Prices",
        "Credit",
        "Grants",
        "Limits",
        "Report",
        "Alerts",
        "Holidays",
        "Channels",
        "Landing",
        "Keys",
        "All",
    ]
    assert HealthCheck(Level.OK, "Reference: 1 tenant, 1 plan") in findings
    assert HealthCheck(Level.OK, "Landing files: 1") in findings


def test_the_password_of_the_database_is_not_shown(new_settings: Callable[..., Settings]) -> None:
    url = "postgresql://me:secret@127.0.0.1:1/usage"
    findings = check_health(new_settings(database_url=url))
    assert not any("secret" in finding.text for finding in findings)


def test_a_database_that_does_not_answer_is_an_error(new_settings: Callable[..., Settings]) -> None:
    ((level, text),) = troubles(new_settings(database_url="postgresql://me@127.0.0.1:1/usage"))
    assert level is Level.ERROR
    assert text.startswith("Cannot connect to the warehouse: ")


def test_the_public_digest_key_is_a_warning(settings: Settings) -> None:
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    ((level, text),) = troubles(Settings.load(data_dir=settings.data_dir, database_url=url))
    assert level is Level.WARNING
    assert text.startswith("USAGE_DIGEST_KEY is not set")


def test_a_broken_reference_file_is_an_error(settings: Settings, reference: Path) -> None:
    (reference / "tenants.yaml").write_text("acme: {plans: 7}\n")
    (reference / "holidays.yaml").write_text("- {day: 2026-12-25}\n")
    found = troubles(settings)
    assert {level for level, _ in found} == {Level.ERROR}
    assert found[0][1].startswith(f"{reference / 'tenants.yaml'}: acme: plans")
    assert found[-1][1] == f"{reference / 'holidays.yaml'}: entry 1: name: it is missing."


@pytest.mark.usefixtures("computed")
def test_grants_are_validated_and_those_to_import_are_counted(settings: Settings, reference: Path) -> None:
    grants = reference / "grants.yaml"
    entry = (
        '- {id: one, tenant: acme, kind: topup, amount: "5", effective_at: 2026-05-20T15:00:00Z, reason: bought}'
    )
    grants.write_text(entry)
    assert troubles(settings) == [(Level.WARNING, "1 grant of grants.yaml to import: `usage-pipeline run` does")]
    grants.write_text(entry.replace("acme", "acne"))
    ((level, text),) = troubles(settings)
    assert (level, text.startswith(f"{grants}: one: tenant: there is no tenant 'acne'")) == (Level.ERROR, True)


def test_a_channel_that_cannot_send_is_named(settings: Settings, reference: Path) -> None:
    (reference / "channels.yaml").write_text("chat: {type: apprise, url_env: CHAT_URL}\n")
    assert troubles(settings) == [
        (Level.WARNING, "The channel chat of channels.yaml cannot send: CHAT_URL is not set")
    ]


def test_messages_that_could_not_be_delivered_are_counted(settings: Settings, storage: Storage) -> None:
    with storage.warehouse.begin() as connection:
        enqueue(connection, [Message(key, ("ops",), "Limit", "reached", NOW) for key in ("one", "two", "three")])
        connection.execute(outbox.update().where(outbox.c.key != "one").values(state=OutboxState.DEAD))
    assert troubles(settings) == [
        (
            Level.ERROR,
            (
                "2 messages could not be delivered by the channel ops, and are not tried again; `last_error` of "
                "usage.outbox says why. `usage-pipeline alerts retry` tries again"
            ),
        )
    ]


def test_keys_are_counted_that_are_worth_something(settings: Settings, storage: Storage) -> None:
    none = "Keys of the read API: none, so `serve` answers nobody; `usage-pipeline keys create` makes one"
    assert HealthCheck(Level.OK, none) in check_health(settings)
    with storage.warehouse.begin() as connection:
        for ends in (None, NOW):
            new = NewKey("gateway", "acme", frozenset({Scope.TENANT}), "ann", ends)
            create_key(connection, new, NOW - timedelta(days=1))
    assert HealthCheck(Level.OK, "Keys of the read API: 1") in check_health(settings)


def test_a_limit_with_a_channel_that_is_not_there_is_named(settings: Settings, reference: Path) -> None:
    (reference / "channels.yaml").write_text("ops: {type: email, to: [ops@example.com]}\n")
    limits = reference / "limits.yaml"
    limits.write_text('- {id: one, tenant: "*", metric: prompts, period: day, amount: "1", channels: [op]}\n')
    assert (
        Level.ERROR,
        f"{limits}: one: channels: channels.yaml has no channel 'op'; did you mean 'ops'?",
    ) in troubles(settings)


def test_a_limit_of_a_tenant_that_nobody_knows_is_named(settings: Settings, reference: Path) -> None:
    entry = '- {id: one, tenant: acne, metric: prompts, period: day, amount: "1"}\n'
    (reference / "limits.yaml").write_text(entry)
    ((level, text),) = troubles(settings)
    assert level is Level.WARNING
    assert text.startswith("limits.yaml: there is no tenant 'acne': no usage of it has landed")
    assert text.endswith("did you mean 'acme'?")


def test_a_broken_format_is_an_error(new_settings: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("description: nothing more\n")
    ((level, text),) = troubles(new_settings(formats_dir=tmp_path))
    assert level is Level.ERROR
    assert text.startswith(f"{tmp_path / 'broken.yaml'}: ")


def test_landing_days_that_wait_are_counted(settings: Settings, landing: Landing) -> None:
    landing.write("persona", "2026-05-01", [])
    landing.write("persona", "2026-05-02", [])
    assert troubles(settings) == [(Level.WARNING, "2 landing days to land: `usage-pipeline run` does")]


def test_what_lies_in_the_wrong_place_is_named(settings: Settings, landing: Landing) -> None:
    landing.write("persona", "yesterday", [])
    assert troubles(settings) == [
        (
            Level.WARNING,
            "persona/yesterday is passed over: expected a folder named after the landing day, YYYY-MM-DD",
        )
    ]


@pytest.mark.usefixtures("computed")
def test_a_file_that_vanished_is_named(settings: Settings, landing: Landing) -> None:
    (landing.root / "persona" / "2026-05-01" / "events.jsonl").unlink()
    assert troubles(settings) == [
        (
            Level.WARNING,
            "persona/2026-05-01/events.jsonl is gone from the landing folder; what is known of it stays as it is",
        )
    ]


def test_a_file_that_failed_is_named(settings: Settings, landing: Landing, run: Callable[[], object]) -> None:
    landing.write("persona", "2026-05-01", []).with_name("broken.jsonl.gz").write_bytes(b"not gzip")
    run()
    ((level, text),) = troubles(settings)
    assert level is Level.WARNING
    assert text.startswith("persona/2026-05-01/broken.jsonl.gz is failed and counts nowhere: ")


def test_tenants_that_stand_in_no_file_are_named(
    settings: Settings, landing: Landing, run: Callable[[], object]
) -> None:
    lines = [prompt("e1", "2026-05-01T08:00:00Z", tenantId=tenant) for tenant in ("zeta", "acme")]
    landing.write("persona", "2026-05-01", lines)
    run()
    assert troubles(settings) == [
        (Level.WARNING, "2 tenants without an entry in tenants.yaml, on the plan 'default': acme, zeta")
    ]


@pytest.mark.usefixtures("computed")
def test_days_that_landed_by_other_rules_are_counted(settings: Settings, reference: Path) -> None:
    (reference / "plans.yaml").write_text("default: small\nsmall: {retention_days: 7}\n")
    ((level, text),) = troubles(settings)
    assert level is Level.WARNING
    assert text.startswith("1 landing day landed by other formats or rules than today's")


@pytest.mark.usefixtures("computed")
def test_stale_days_are_counted(settings: Settings) -> None:
    (cube,) = (settings.data_dir / "rollups" / "daily_usage").rglob("*.parquet")
    cube.unlink()
    assert troubles(settings) == [(Level.WARNING, "1 event day to compute: `usage-pipeline run` does")]


@pytest.mark.usefixtures("reference")
def test_what_two_sources_meter_for_a_tenant_and_day_is_counted(
    settings: Settings, landing: Landing, run: Callable[[], object]
) -> None:
    for day in ("2026-05-01", "2026-05-02"):
        landing.write("persona", day, [prompt(f"{day} {number}", f"{day}T08:00:00Z") for number in range(20)])
        requests = "".join(f"{day} 08:00:{number:02}.0,100,20\n" for number in range(20))
        content = f"TIMESTAMP,ContextTokens,GeneratedTokens\n{requests}".encode()
        landing.write_bytes("azure_llm", day, content, tenant="acme", name="inference.csv")
    run()
    assert troubles(settings) == [
        (
            Level.WARNING,
            (
                "2 times two sources report nearly the same of a tenant and a day, such as of acme on "
                "2026-05-02: requests, tokens_total by azure_llm, persona. Both count: let one "
                "format report the metric, and give the others `meters` without it"
            ),
        )
    ]


@pytest.mark.usefixtures("reference")
def test_double_metering_of_more_than_90_days_before_the_last_known_day_is_let_be(
    settings: Settings, landing: Landing, run: Callable[[], object]
) -> None:
    request = b"TIMESTAMP,ContextTokens,GeneratedTokens\n2026-02-01 08:00:00.0,10,2\n"
    landing.write_bytes("azure_llm", "2026-02-01", request, tenant="acme", name="inference.csv")
    landing.write("persona", "2026-02-01", [prompt("e1", "2026-02-01T08:00:00Z")])
    landing.write("persona", "2026-05-02", [])
    run()
    assert troubles(settings) == []
