"""The records of many tenants, landed and computed by the pipeline, for whoever lists them.

A landing file has the records of all tenants in the order of time: the worst case for who asks for one.

python -m bench.many_tenants DATA_DIR
"""

import json
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb

from bench.datasets import DAY, LISTED_DAYS, LISTED_RECORDS
from usage_pipeline.clock import days_between
from usage_pipeline.events.format_files import SOURCES
from usage_pipeline.pipeline.landing_work import find_landing_work
from usage_pipeline.pipeline.refresh import PlainRunner, find_stale, refresh
from usage_pipeline.pipeline.tables import GROUPS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.engine import literal
from usage_pipeline.storage.opened import open_storage

TENANTS = 500
SOURCE = "tenant_records"

_SLOTS = 20
"""Parts of a day in each of which a tenant has a conversation."""
_LINES = """
SELECT
    'rec_' || $day || '_' || number AS id,
    split_part('token,message,ability,token,dataset,message,conversation', ',', 1 + number % 7) AS type,
    1 + number % 1000 AS count,
    tenant AS tenantId,
    'conv_' || hash($day, tenant, number * $slots // $records) AS conversationId,
    'msg_' || hash($day, number) AS messageId,
    'bot_' || number % 50 AS botId,
    {model: 'gpt-4o', region: CASE WHEN number % 3 = 0 THEN 'eu' ELSE 'us' END} AS meta,
    $midnight + number * 86400000 // $records AS createdAt,
    createdAt AS updatedAt
FROM (
    SELECT range AS number, 'tenant-' || lpad(CAST(hash(range) % $tenants AS VARCHAR), 3, '0') AS tenant
    FROM range($records)
) AS numbered
"""


def listed_settings(data_dir: Path) -> Settings:
    """Return the settings that land and compute the records."""
    return Settings.load(data_dir=data_dir, formats_dir=data_dir / "formats")


_PLANS = """
default: pro
pro: {retention_days: null, monthly_credits: "20000", rollover: {min: "0", max: "5000"}}
"""
_RATES = """
- from: 2026-01-01
  operations:
    token: {base: "0.1"}
    message: {base: "1"}
    ability: {base: "2"}
    dataset: {base: "1"}
    conversation: {base: "0.5"}
"""
_TENANT = "tenant-{0:03}: {{name: Tenant {0}, contacts: [billing-{0}@example.com]}}\n"
_LIMIT = """
- {{id: l-{0:03}, tenant: tenant-{0:03}, metric: tokens_total, period: billing, amount: "50000000", action: block}}
"""


def make_listed(data_dir: Path, records_per_day: int = LISTED_RECORDS, *, all_tables: bool = False) -> None:
    """Write the log, land it and compute its records, and say in `truth.json` how many they are.

    All tables are for those who ask for more than lists: each tenant has an entry, credits and a limit.
    """
    _write_log(data_dir, records_per_day)
    if all_tables:
        _write_reference(data_dir / "reference")
    with open_storage(listed_settings(data_dir)) as storage:
        runner = PlainRunner(storage)
        if all_tables:
            refresh(storage, runner)
        else:
            runner.land(find_landing_work(storage).days)
            runner.compute([table.name for table in GROUPS["records"]], sorted(find_stale(storage)))
    totals = {"records": records_per_day * LISTED_DAYS}
    truth = {"totals": totals, "days": {}, "files": {}}
    (data_dir / "truth.json").write_text(json.dumps(truth), encoding="utf-8")


def _write_log(data_dir: Path, records_per_day: int) -> None:
    _write_format(data_dir / "formats")
    for day in days_between(DAY - timedelta(days=LISTED_DAYS - 1), DAY):
        _write_day(data_dir / "landing" / SOURCE / str(day), day, records_per_day)


def _write_format(folder: Path) -> None:
    """Write the format of usage statistics with the tenant in the line, so that a file can hold all tenants."""
    folder.mkdir(parents=True)
    shipped = (SOURCES / "usage_statistics.yaml").read_text(encoding="utf-8")
    (folder / f"{SOURCE}.yaml").write_text(f"{shipped}tenant: $.tenantId\n", encoding="utf-8")


def _write_reference(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    each = {"tenants": _TENANT, "limits": _LIMIT}
    texts = {name: "".join(entry.format(number) for number in range(TENANTS)) for name, entry in each.items()}
    for name, text in {**texts, "plans": _PLANS, "credit_rates": _RATES}.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def _write_day(folder: Path, day: date, records: int) -> None:
    folder.mkdir(parents=True)
    midnight = int(datetime.combine(day, time(), UTC).timestamp() * 1000)
    values = {
        "day": literal(str(day)),
        "midnight": midnight,
        "records": records,
        "slots": _SLOTS,
        "tenants": TENANTS,
    }
    select = _LINES
    for name, value in values.items():
        select = select.replace(f"${name}", str(value))
    with duckdb.connect() as duck:
        target = literal(str(folder / "records.jsonl.zst"))
        duck.execute(f"COPY ({select}) TO {target} (FORMAT json, COMPRESSION zstd)")


if __name__ == "__main__":
    make_listed(Path(sys.argv[1]), all_tables=True)
