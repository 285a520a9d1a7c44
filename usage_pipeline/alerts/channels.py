"""Whether the channels that `limits.yaml` names are there."""

from collections.abc import Iterable

from usage_pipeline.delivery.channel_file import CHANNELS_FILE, read_channels
from usage_pipeline.errors import ReferenceFileError
from usage_pipeline.limits.limit_file import LIMITS_FILE, Limit
from usage_pipeline.settings import Settings
from usage_pipeline.words import did_you_mean


def expect_channels(settings: Settings, limits: Iterable[Limit]) -> None:
    """Raise ReferenceFileError with a line for each channel that `channels.yaml` does not have."""
    known = read_channels(settings.reference / CHANNELS_FILE)
    file = settings.reference / LIMITS_FILE
    problems = [
        f"{file}: {limit.id}: channels: {CHANNELS_FILE} has no channel {name!r}; {_meant(name, known)}"
        for limit in limits
        for name in limit.channels
        if name not in known
    ]
    if problems:
        raise ReferenceFileError("\n".join(dict.fromkeys(problems)))


def _meant(name: str, known: Iterable[str]) -> str:
    names = list(known)
    return did_you_mean(name, names) or f"expected one of {', '.join(names) or 'none: it has no channels'}."
