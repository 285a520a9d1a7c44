"""Settings that belong to a warehouse: with other values its numbers could not be compared any more.

With another digest key a conversation would be counted again, and a second delivery would be a conflict; with
another look-back final days would be restated by a variable that somebody forgot to set. So the first landing
binds the warehouse to them, and other values are refused.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from usage_pipeline.errors import SettingsError
from usage_pipeline.settings import PREFIX, Settings
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.schema import deployment


def bind_settings(connection: Connection, settings: Settings) -> None:
    """Bind the warehouse to the settings, if they are its first; raises SettingsError if it has others."""
    rows = [{"name": name, "value": value} for name, value in _values(settings).items()]
    connection.execute(insert(deployment).values(rows).on_conflict_do_nothing())
    check_settings(connection, settings)


def check_settings(connection: Connection, settings: Settings) -> None:
    """Raise SettingsError, naming the variable, if the warehouse is bound to another value."""
    rows = connection.execute(select(deployment.c.name, deployment.c.value))
    bound = {row.name: row.value for row in rows}
    for name, value in _values(settings).items():
        if bound.get(name, value) != value:
            raise SettingsError(
                f"{PREFIX}{name.upper()} is not the one that this warehouse began with. Set it back: with another "
                "one, published numbers would change. Another one needs a new data directory and database."
            )


def _values(settings: Settings) -> Mapping[str, str]:
    return {
        "digest_key": fingerprint(["digest_key", settings.digest_key.get_secret_value()]),
        "lookback_days": str(settings.lookback_days),
    }
