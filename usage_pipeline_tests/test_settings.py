"""Every setting: its variable, its default, and what is said of a wrong value."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from usage_pipeline.errors import SettingsError
from usage_pipeline.settings import PREFIX, Settings

WRONG = [
    ("USAGE_FIRST_DAY", "yesterday"),
    ("USAGE_FIRST_DAY", "2026-02-30"),
    ("USAGE_LATENESS_DAYS", "-1"),
    ("USAGE_LATENESS_DAYS", "367"),
    ("USAGE_LATENESS_DAYS", "three"),
    ("USAGE_DEFAULT_RETENTION_DAYS", "0"),
    ("USAGE_LOOKBACK_DAYS", "0"),
    ("USAGE_LOOKBACK_DAYS", "367"),
    ("USAGE_REJECT_SHARE_ALARM", "1%"),
    ("USAGE_REJECT_SHARE_THRESHOLD", "1.01"),
    ("USAGE_REJECT_SHARE_THRESHOLD", "-0.1"),
    ("USAGE_REJECT_SHARE_THRESHOLD", "5%"),
    ("USAGE_UNPRICED_SHARE_ALARM", "2%"),
    ("USAGE_DOUBLE_METERING_TOLERANCE", "5%"),
    ("USAGE_DUCKDB_THREADS", "0"),
    ("USAGE_DUCKDB_MEMORY_LIMIT", "lots"),
    ("USAGE_DUCKDB_MEMORY_LIMIT", "1024"),
    ("USAGE_LOCK_TIMEOUT_SECONDS", "0"),
    ("USAGE_REPOSITORY", "acme/usage_pipeline"),
    ("USAGE_SENSOR_INTERVAL_SECONDS", "0"),
    ("USAGE_GAP_FILLER_INTERVAL_SECONDS", "0"),
    ("USAGE_GAP_FILLER_MAX_DAYS", "0"),
    ("USAGE_GAP_FILLER_OLD_CODE", "perhaps"),
    ("USAGE_AUTOMATIC_CLOSING", "perhaps"),
    ("USAGE_PRUNE_SHARE_LIMIT", "20%"),
    ("USAGE_PRUNE_FLOOR_DAYS", "-1"),
    ("USAGE_RUN_LOG_DAYS", "0"),
    ("USAGE_DUE_AFTER_HOURS", "0"),
    ("USAGE_DUE_AFTER_HOURS", "24"),
    ("USAGE_OUTBOX_DAYS", "0"),
    ("USAGE_INSIGHT_DAYS", "0"),
    ("USAGE_API_ACCESS_DAYS", "0"),
    ("USAGE_REPORT_FORMATS", "pdf; csv"),
    ("USAGE_REPORT_ATTACHMENT_BYTES", "10 MB"),
    ("USAGE_DELIVERY_ATTEMPTS", "0"),
    ("USAGE_SMTP_PORT", "65536"),
    ("USAGE_SMTP_SECURITY", "ssl"),
    ("USAGE_SMTP_FROM", "Usage"),
    ("USAGE_SMTP_FROM", "Usage <usage@example.com>\nBcc: eve@example.com"),
    ("USAGE_SMTP_FROM", "a@example.com, b@example.com"),
    ("USAGE_WEBHOOK_ALLOW_PRIVATE", "perhaps"),
    ("USAGE_API_REQUESTS_PER_MINUTE", "0"),
    ("USAGE_API_HEAVY_REQUESTS_PER_MINUTE", "0"),
    ("USAGE_API_REQUESTS_AT_ONCE", "0"),
    ("USAGE_API_HEAVY_REQUESTS_AT_ONCE", "0"),
    ("USAGE_API_LOGINS_PER_MINUTE", "0"),
    ("USAGE_API_ACCESS_DAYS", "0"),
    ("USAGE_API_SESSION_HOURS", "0"),
    ("USAGE_API_TIMEOUT_SECONDS", "0"),
    ("USAGE_API_ACCESS_LOG", "perhaps"),
    ("USAGE_API_TRUSTED_PROXIES", "foo"),
    ("USAGE_API_TRUSTED_PROXIES", "127.0.0.1,,10.0.0.1/8"),
    ("USAGE_DATA_DIR", __file__),
    ("USAGE_NOW", "2026-06-01T00:00:00"),
    ("USAGE_NOW", "now"),
]
SECRETS = ("database_url", "dagster_database_url", "digest_key", "smtp_password")
ANY_TEXT = {
    "reference_dir",
    "formats_dir",
    "suites_dir",
    "database_url",
    "dagster_database_url",
    "digest_key",
    "smtp_host",
    "smtp_user",
    "smtp_password",
    "platform_name",
}


@pytest.mark.parametrize(("variable", "value"), WRONG)
def test_a_wrong_value_is_an_error_that_begins_with_the_variable_and_the_value(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as error:
        Settings.load()
    assert str(error.value).startswith(f"{variable}={value!r}: ")


def test_every_setting_that_does_not_take_any_text_stands_in_the_table_of_wrong_values() -> None:
    assert {PREFIX + name.upper() for name in Settings.model_fields.keys() - ANY_TEXT} == {
        variable for variable, _ in WRONG
    }


def test_of_several_wrong_values_each_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USAGE_LATENESS_DAYS", "many")
    monkeypatch.setenv("USAGE_DUCKDB_THREADS", "none")
    with pytest.raises(SettingsError) as error:
        Settings.load()
    assert sorted(line.split("=")[0] for line in str(error.value).splitlines()) == [
        "USAGE_DUCKDB_THREADS",
        "USAGE_LATENESS_DAYS",
    ]


def test_a_setting_that_does_not_exist_is_an_error_that_names_it() -> None:
    with pytest.raises(SettingsError, match=r"^USAGE_LATENES_DAYS='4': "):
        Settings.load(latenes_days=4)


@pytest.mark.parametrize("name", SECRETS)
def test_an_error_about_a_secret_hides_its_value(name: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.load(**{name: ["hunter2"]})
    assert str(error.value).startswith(f"USAGE_{name.upper()}=(hidden): ")
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("name", SECRETS)
def test_printed_settings_hide_secrets(name: str) -> None:
    assert "hunter2" not in repr(Settings.load(**{name: "hunter2"}))


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("reference_dir", None),
        ("formats_dir", None),
        ("database_url", None),
        ("dagster_database_url", None),
        ("first_day", date(2023, 1, 1)),
        ("lateness_days", 3),
        ("default_retention_days", 90),
        ("lookback_days", 90),
        ("reject_share_threshold", Decimal("0.05")),
        ("duckdb_memory_limit", "1400MB"),
        ("lock_timeout_seconds", 600),
        ("digest_key", SecretStr("usage_pipeline")),
        ("now", None),
    ],
)
def test_default(name: str, default: object) -> None:
    assert getattr(Settings.load(), name) == default


def test_the_data_directory_is_data_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.load().data_dir == tmp_path / "data"


def test_reference_and_landing_are_folders_of_the_data_directory(tmp_path: Path) -> None:
    settings = Settings.load(data_dir=tmp_path)
    assert (settings.reference, settings.landing) == (tmp_path / "reference", tmp_path / "landing")


def test_the_reference_directory_can_lie_elsewhere(tmp_path: Path) -> None:
    assert Settings.load(reference_dir=tmp_path / "ref").reference == tmp_path / "ref"


def test_a_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Settings.load(data_dir="~/usage").data_dir == tmp_path / "usage"


def test_a_variable_sets_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USAGE_REJECT_SHARE_THRESHOLD", "0.1")
    assert Settings.load().reject_share_threshold == Decimal("0.1")


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USAGE_LATENESS_DAYS", "")
    assert Settings.load().lateness_days == 3


def test_a_value_given_in_code_wins_over_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USAGE_LATENESS_DAYS", "7")
    assert Settings.load(lateness_days=5).lateness_days == 5


def test_the_clock_can_be_set_and_is_read_in_utc() -> None:
    now = datetime(2026, 6, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert Settings.load(now=now).clock.now == datetime(2026, 5, 31, 23, 30, tzinfo=UTC)


def test_today_is_the_utc_day() -> None:
    now = datetime(2026, 6, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert Settings.load(now=now).clock.today == date(2026, 5, 31)


def test_without_a_setting_the_clock_is_the_real_one() -> None:
    before = datetime.now(UTC)
    assert before <= Settings.load().clock.now <= datetime.now(UTC)
