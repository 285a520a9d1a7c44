"""The key of digests belongs to a warehouse: digests made with another key can't be compared.

With a changed key a conversation would be counted again, and a second delivery would be a conflict. So the
key that the first landing used is remembered (a fingerprint of it), and another one is refused.
"""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from usage_pipeline.errors import SettingsError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.fingerprint import fingerprint
from usage_pipeline.storage.warehouse import deployment

_NAME = "digest_key"


def remember_digest_key(connection: Connection, settings: Settings) -> None:
    """Bind the warehouse to the key, if it is the first; raises SettingsError if it is bound to another."""
    connection.execute(
        insert(deployment).values(name=_NAME, value=_fingerprint(settings)).on_conflict_do_nothing()
    )
    check_digest_key(connection, settings)


def check_digest_key(connection: Connection, settings: Settings) -> None:
    """Raise SettingsError if the warehouse is bound to another key."""
    bound = connection.execute(select(deployment.c.value).where(deployment.c.name == _NAME)).scalar()
    if bound not in {None, _fingerprint(settings)}:
        raise SettingsError(
            "USAGE_DIGEST_KEY is not the key that this warehouse began with. Set it back: with another key, "
            "conversations would be counted again. A new key needs a new data directory and database."
        )


def _fingerprint(settings: Settings) -> str:
    return fingerprint([_NAME, settings.digest_key.get_secret_value()])
