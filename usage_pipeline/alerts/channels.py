"""Whether the channels that `limits.yaml` and `alerts.yaml` name are there, and tell those whom they should."""

from collections.abc import Iterable, Iterator, Mapping

from usage_pipeline.alerts.alert_file import ALERTS_FILE, AlertEntry
from usage_pipeline.alerts.tables import AlertKind
from usage_pipeline.delivery.channel_file import CHANNELS_FILE, CONTACTS, EmailEntry, Entry, read_channels
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.limits.limit_file import LIMITS_FILE, Limit
from usage_pipeline.settings import Settings
from usage_pipeline.words import did_you_mean


def expect_channels(settings: Settings, limits: Iterable[Limit]) -> None:
    """Raise ReferenceFileError with a line for each channel of a limit that `channels.yaml` does not have."""
    known = read_channels(settings.reference / CHANNELS_FILE)
    file = settings.reference / LIMITS_FILE
    _expect_none(
        f"{file}: {limit.id}: channels: {problem}"
        for limit in limits
        for problem in _unknown(limit.channels, known)
    )


def expect_alert_channels(settings: Settings, entries: Mapping[AlertKind, AlertEntry]) -> None:
    """Raise ReferenceFileError with a line for each channel that is not there, or whom it would tell is not said.

    A message about all tenants has no contacts that it could go to.
    """
    known = read_channels(settings.reference / CHANNELS_FILE)
    file = settings.reference / ALERTS_FILE
    for_tenants = {name for name, entry in known.items() if isinstance(entry, EmailEntry) and entry.to == CONTACTS}
    _expect_none(
        f"{file}: {kind}: {key}: {problem}"
        for kind, entry in entries.items()
        for key, problem in (
            *(("channels", problem) for problem in _unknown(entry.channels, known)),
            *(("tenant_channels", problem) for problem in _unknown(entry.tenant_channels, known)),
            *(
                ("channels", f"{name!r} tells the contacts of tenants; name it in tenant_channels.")
                for name in entry.channels
                if name in for_tenants
            ),
        )
    )


def _unknown(names: Iterable[str], known: Mapping[str, Entry]) -> Iterator[str]:
    for name in names:
        if name not in known:
            expected = f"expected one of {', '.join(known) or 'none: it has no channels'}."
            yield f"{CHANNELS_FILE} has no channel {name!r}; {did_you_mean(name, known) or expected}"


def _expect_none(problems: Iterable[str]) -> None:
    found = list(dict.fromkeys(problems))
    if found:
        raise ReferenceFileError("\n".join(found))
