"""All settings with their defaults and environment variables. No other module reads the environment.

What does not belong here: tenants and plans (`data/reference`), and Dagster's own settings (`dagster.yaml`).
"""

import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from usage_pipeline.clock import Clock
from usage_pipeline.errors import SettingsError

PREFIX = "USAGE_"

_SENDER = r"^([^<>\",;:@\r\n]*<[^\s<>\",;:@]+@[^\s<>\",;:@]+>|[^\s<>\",;:@]+@[^\s<>\",;:@]+)$"


class Settings(BaseModel):
    """The settings of one deployment, read from `USAGE_…` variables."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    data_dir: Path = Field(Path("data"), description="Folder of landing, lake, rollups and database.")
    reference_dir: Path | None = Field(
        None, description="Tenants, plans and prices. Unset: `reference` in the data directory."
    )
    formats_dir: Path | None = Field(
        None, description="Your own formats (`*.yaml`), in addition to the shipped ones."
    )
    suites_dir: Path | None = Field(
        None, description="Your own checks of rows (`*.yaml`), in addition to the shipped ones."
    )
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL server and database of the warehouse. Unset: the embedded server."
    )
    dagster_database_url: SecretStr | None = Field(
        None, description="Dagster's own database. Unset: `dagster` on the server of the warehouse."
    )
    first_day: date = Field(
        date(2023, 1, 1),
        description=(
            "First day of the calendar, UTC: earlier lines are rejected. Unset: the UI begins with the first day "
            "that has data."
        ),
    )
    lateness_days: Annotated[int, Field(ge=0, le=366)] = Field(
        3, description="Days after its end that a day stays provisional."
    )
    default_retention_days: Annotated[int, Field(ge=1)] = Field(
        90, description="Retention of records where the plan states none."
    )
    lookback_days: Annotated[int, Field(ge=1, le=366)] = Field(
        90,
        description=(
            "Days without a record after which a conversation counts as new. Set it once, before the first file."
        ),
    )
    reject_share_threshold: Annotated[Decimal, Field(ge=0, le=1)] = Field(
        Decimal("0.05"),
        description="Share of rejected lines above which a file of 100 lines or more is quarantined.",
    )
    reject_share_alarm: Annotated[Decimal, Field(ge=0, le=1)] = Field(
        Decimal("0.01"),
        description=(
            "Share of rejected lines above which a file that counts fails a check, if it is more than one line. A "
            "few are usual where clients write the log; one in a hundred is a client that writes another form."
        ),
    )
    unpriced_share_alarm: Annotated[Decimal, Field(ge=0, le=1)] = Field(
        Decimal("0.02"),
        description=(
            "Share of a day's tokens whose model has no price above which the day fails a check. A model that is "
            "tried costs little; costs state their coverage in any case."
        ),
    )
    double_metering_tolerance: Annotated[Decimal, Field(ge=0, le=1)] = Field(
        Decimal("0.05"),
        description=(
            "Difference up to which two sources of a tenant are taken for reports of one usage, if they differ by "
            "no more on two or more metrics. Other sources of a tenant fail no check."
        ),
    )
    duckdb_threads: Annotated[int, Field(ge=1)] = Field(
        default_factory=lambda: os.cpu_count() or 1,
        description="Threads of one DuckDB connection. `serve` has one unless it is set.",
    )
    duckdb_memory_limit: Annotated[str, Field(pattern=r"^\d+(\.\d+)? ?([KMGT]i?B)$")] = Field(
        "1400MB",
        description=(
            "Memory of one DuckDB connection before it spills to the data directory. `serve` has 300MB unless it "
            "is set."
        ),
    )
    lock_timeout_seconds: Annotated[int, Field(ge=1)] = Field(
        600, description="Seconds to wait for another writer of the same partition."
    )
    sensor_interval_seconds: Annotated[int, Field(ge=1)] = Field(
        10, description="Seconds between two scans of the landing folder and the state by the sensors."
    )
    gap_filler_interval_seconds: Annotated[int, Field(ge=1)] = Field(
        900, description="Seconds between two searches of the gap filler for missing days."
    )
    gap_filler_max_days: Annotated[int, Field(ge=1)] = Field(
        30, description="Most days that the gap filler requests each time, the newest first."
    )
    gap_filler_old_code: bool = Field(
        default=False,
        description="Let the gap filler also request days that older code, formats or rules made.",
    )
    automatic_closing: bool = Field(
        default=True,
        description="Close billing periods when their last day is final.",
    )
    prune_share_limit: Annotated[float, Field(ge=0, le=1)] = Field(
        0.2, description="Largest share of all landed lines whose files are removed without a confirmation."
    )
    prune_floor_days: Annotated[int, Field(ge=0)] = Field(
        7, description="Days of which nothing is removed without a confirmation, whatever plans say."
    )
    run_log_days: Annotated[int, Field(ge=1)] = Field(
        60,
        description="Days that `clean-up` keeps what runs have printed, and Dagster's events of transition.",
    )
    due_after_hours: Annotated[int, Field(ge=1, le=23)] = Field(
        6, description="Hours after its end at which a day is due: landed and current, otherwise overdue."
    )
    outbox_days: Annotated[int, Field(ge=1)] = Field(
        30, description="Days that `clean-up` keeps messages that were delivered, or that are dead."
    )
    insight_days: Annotated[int, Field(ge=1)] = Field(
        90, description="Days that insights as of earlier days are kept: trends, anomalies, forecasts, advice."
    )
    api_access_days: Annotated[int, Field(ge=1)] = Field(
        90, description="Days that `clean-up` keeps keys of the read API that have expired or were revoked."
    )
    delivery_attempts: Annotated[int, Field(ge=1)] = Field(
        12, description="Attempts after which a message that cannot be delivered is dead: about a day."
    )
    report_formats: str = Field(
        "pdf,csv,json",
        pattern=r"^[a-z]+(,[a-z]+)*$",
        description="Formats of the monthly reports that are written by themselves, with commas; or `none`.",
    )
    report_attachment_bytes: Annotated[int, Field(ge=0)] = Field(
        10_000_000, description="Bytes of files that are attached to a mail with a report; others are named in it."
    )
    smtp_host: str | None = Field(None, description="Server that e-mail is sent over. Unset: none is sent.")
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = Field(587, description="Port of that server.")
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="`starttls`, `tls` from the first byte on, which is mostly port 465, or `none`."
    )
    smtp_user: str | None = Field(None, description="User that logs in there. Unset: no login.")
    smtp_password: SecretStr | None = Field(None, description="Password of that user.")
    smtp_from: Annotated[str, Field(pattern=_SENDER)] | None = Field(
        None, description="Sender of e-mail, such as `Usage <usage@example.com>`."
    )
    webhook_allow_private: bool = Field(
        default=False,
        description="Let webhooks also go to private, loopback and reserved addresses.",
    )
    api_requests_per_minute: Annotated[int, Field(ge=1)] = Field(
        600, description="Requests that the read API answers each minute for one key and one route."
    )
    api_heavy_requests_per_minute: Annotated[int, Field(ge=1)] = Field(
        60, description="The same for streams, runs, insights, forecasts, reports, and usage by hour or zone."
    )
    api_requests_at_once: Annotated[int, Field(ge=1)] = Field(
        8, description="Requests of one key that the read API answers at once; more wait for their turn."
    )
    api_heavy_requests_at_once: Annotated[int, Field(ge=1)] = Field(
        2, description="The same for those of which fewer are answered each minute."
    )
    api_logins_per_minute: Annotated[int, Field(ge=1)] = Field(
        10, description="Attempts to open a session that the read API allows each minute from one address."
    )
    api_session_hours: Annotated[int, Field(ge=1)] = Field(
        12, description="Hours after which a browser has to show its key again."
    )
    api_timeout_seconds: Annotated[int, Field(ge=1)] = Field(
        30, description="Seconds after which the read API gives up a request, or a stream that stands still."
    )
    api_access_log: bool = Field(default=True, description="Let the read API write a line for each request.")
    api_trusted_proxies: Annotated[str, Field(min_length=1)] = Field(
        "127.0.0.1",
        description=(
            "Addresses and networks, with commas, of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` the "
            "read API believes."
        ),
    )
    digest_key: SecretStr = Field(
        SecretStr("usage_pipeline"),
        description="Key of the digests of texts and conversation ids. Set it once, before the first file.",
    )
    platform_name: Annotated[str, Field(min_length=1)] = Field(
        "AI platform",
        description="Name of your platform: the provider and the issuer of invoices in exports of costs.",
    )
    repository: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = Field(
        None,
        description=(
            "Address of this version's files in a repository, for links in the UI. Unset: paths on this machine."
        ),
    )
    now: AwareDatetime | None = Field(None, description="Time to use instead of the clock, for tests.")

    @field_validator("data_dir", "reference_dir", "formats_dir", "suites_dir")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else None

    @field_validator("data_dir", "reference_dir", "formats_dir", "suites_dir")
    @classmethod
    def _no_file(cls, path: Path | None) -> Path | None:
        if path and path.exists() and not path.is_dir():
            raise ValueError("expected a folder, found a file")
        return path

    @field_validator("api_trusted_proxies")
    @classmethod
    def _networks(cls, text: str) -> str:
        for entry in () if text == "*" else text.split(","):
            try:
                ip_network(entry.strip())
            except ValueError:
                raise ValueError(
                    f"expected addresses and networks with commas, such as 127.0.0.1,10.0.0.0/8, found {entry!r}"
                ) from None
        return text

    @classmethod
    def load(cls, **values: Any) -> Self:  # noqa: ANN401 - the constructor's own signature
        """Read the environment. `values` win over it, and an empty variable counts as unset.

        Raises SettingsError, naming the variable, its value and the expectation.
        """
        variables = {name: os.environ.get(f"{PREFIX}{name.upper()}") for name in cls.model_fields}
        try:
            return cls(**{name: text for name, text in variables.items() if text} | values)
        except ValidationError as error:
            raise SettingsError("\n".join(map(_explain, error.errors()))) from None

    @property
    def reference(self) -> Path:
        """The directory of tenants and plans."""
        return self.reference_dir or self.data_dir / "reference"

    @property
    def landing(self) -> Path:
        """The directory that others write logs into. Only pruning and erasure remove something there."""
        return self.data_dir / "landing"

    @property
    def limits_dir(self) -> Path:
        """The directory of what gateways read."""
        return self.data_dir / "limits"

    @property
    def dagster_dir(self) -> Path:
        """The directory of Dagster's own files."""
        return self.data_dir / "dagster"

    @property
    def clock(self) -> Clock:
        """The clock with the waiting times of these settings."""
        now = (self.now or datetime.now(UTC)).astimezone(UTC)
        return Clock(now, timedelta(days=self.lateness_days), timedelta(hours=self.due_after_hours))


def secret_of(variable: str) -> SecretStr | None:
    """Read a variable that a reference file names because its value is secret; None if it is unset or empty."""
    value = os.environ.get(variable)
    return SecretStr(value) if value else None


def _explain(error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    name = PREFIX + "_".join(str(part) for part in error["loc"][:1]).upper()
    secret = any(part in name.lower() for part in ("url", "key", "password"))
    value = "(hidden)" if secret else repr(str(error["input"]))
    return f"{name}={value}: {error['msg']}. Correct the variable, or unset it to use the default."
