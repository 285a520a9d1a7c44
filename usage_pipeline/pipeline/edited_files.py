"""The files that people edit: what they hold, what is wrong with them, and whether they have changed."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from usage_pipeline.alerts.alert_file import ALERTS_FILE, read_alert_file
from usage_pipeline.alerts.channels import expect_alert_channels, expect_channels
from usage_pipeline.billing.ledger.grant_file import GRANTS_FILE, read_grants
from usage_pipeline.costs.book.price_file import read_price_file
from usage_pipeline.credits.rate_file import CREDIT_RATES_FILE, read_rates
from usage_pipeline.delivery.channel_file import CHANNELS_FILE, read_channels
from usage_pipeline.errors import FormatError
from usage_pipeline.events.format_files import load_formats
from usage_pipeline.insights.anomalies.holidays import HOLIDAYS_FILE, read_holidays
from usage_pipeline.limits.limit_file import LIMITS_FILE, read_limits
from usage_pipeline.reports.subscriptions import SUBSCRIPTIONS_FILE, read_subscriptions
from usage_pipeline.settings import Settings
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.tenants.reference import load_tenants
from usage_pipeline.words import count
from usage_pipeline.yaml_file import yaml_files


def describe_prices(settings: Settings) -> str:
    """Say how many prices `prices.yaml` has. Raises ReferenceFileError."""
    prices = read_price_file(settings.reference / "prices.yaml").prices
    return f"{len(prices)} before those of the catalogue"


def describe_credit_rates(settings: Settings) -> str:
    """Say how many entries `credit_rates.yaml` has. Raises ReferenceFileError."""
    return count(len(read_rates(settings.reference / CREDIT_RATES_FILE)), "entry")


def describe_grants(settings: Settings) -> str:
    """Say how many entries `grants.yaml` has. Raises ReferenceFileError."""
    return count(len(read_grants(settings.reference / GRANTS_FILE)), "entry")


def describe_tenants(settings: Settings) -> str:
    """Say how many tenants and plans the reference directory has. Raises ReferenceFileError."""
    tenants = load_tenants(settings)
    return f"{count(len(tenants.by_id), 'tenant')}, {count(len(tenants.plans), 'plan')}"


def describe_limits(settings: Settings) -> str:
    """Say how many entries `limits.yaml` has. Raises ReferenceFileError, also for a channel that is none."""
    limits = read_limits(settings.reference / LIMITS_FILE)
    expect_channels(settings, limits)
    return count(len(limits), "entry")


def describe_report_subscriptions(settings: Settings) -> str:
    """Say how many entries `report_subscriptions.yaml` has. Raises ReferenceFileError."""
    return count(len(read_subscriptions(settings.reference / SUBSCRIPTIONS_FILE)), "entry")


def describe_alerts(settings: Settings) -> str:
    """Say how many entries `alerts.yaml` has. Raises ReferenceFileError, also for a channel that is none."""
    entries = read_alert_file(settings.reference / ALERTS_FILE)
    expect_alert_channels(settings, entries)
    return count(len(entries), "entry")


def describe_channels(settings: Settings) -> str:
    """Say how many channels `channels.yaml` has. Raises ReferenceFileError."""
    return count(len(read_channels(settings.reference / CHANNELS_FILE)), "channel")


def describe_holidays(settings: Settings) -> str:
    """Say how many entries `holidays.yaml` has. Raises ReferenceFileError."""
    return count(len(read_holidays(settings.reference / HOLIDAYS_FILE)), "entry")


def describe_formats(settings: Settings) -> str:
    """Say how many formats there are. Raises FormatError with all that are broken."""
    formats = load_formats(settings)
    if formats.broken:
        raise FormatError("\n".join(formats.broken.values()))
    return count(len(formats), "format")


def edited_files_digest(settings: Settings) -> str:
    """Return a digest of the paths, sizes and times of these files."""
    return fingerprint(part for file in _files(settings) for part in _stamp(file))


def _files(settings: Settings) -> Iterator[Path]:
    for folder in filter(None, (settings.reference, settings.formats_dir)):
        yield from yaml_files(folder)


def _stamp(file: Path) -> tuple[object, ...]:
    try:
        found = file.stat()
    except OSError as problem:  # gone since it was listed, or a link that leads nowhere: who reads it says so
        return str(file), problem.errno
    return str(file), found.st_size, found.st_mtime_ns


DESCRIPTIONS: Mapping[str, Callable[[Settings], str]] = {
    "formats": describe_formats,
    "prices": describe_prices,
    "credit_rates": describe_credit_rates,
    "grants": describe_grants,
    "tenants": describe_tenants,
    "limits": describe_limits,
    "report_subscriptions": describe_report_subscriptions,
    "alert_channels": describe_alerts,
    "channels": describe_channels,
    "holidays": describe_holidays,
}
"""What says what the files hold, or raises what is wrong with them, by their name in the flow."""
