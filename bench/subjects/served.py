"""The read API, asked by eight clients at once: how long each kind of request takes, and what the server takes.

python -m bench.subjects.served DATA_DIR OUT pauses|none
"""

import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from statistics import quantiles

from bench.database_memory import database_processes
from bench.datasets import DAY, LISTED_DAYS, LISTED_RECORDS
from bench.load.clients import Client, Times, cursor_of
from bench.load.mix import LIST, SHARES, Asked, Kind, Mix, Walk, page_path
from bench.load.server import Server, cpu_seconds, serving
from bench.many_tenants import listed_settings
from bench.served import Answered, Served
from bench.subjects.pages import CLIENTS, any_records
from usage_pipeline.keys.keys import NewKey, Scope, create_key
from usage_pipeline.storage.opened import Storage, open_storage

_REQUESTS, _WARM_UP = 600, 150
"""Of each client; and before they are measured. Of less data fewer, to try the benchmark itself."""
_FEWEST = 25
_RECORDS = 4_000
_WALKS = 2
"""Lists in which a client turns pages."""
_DEEP = 40
_LOOK_SECONDS, _COPY_SECONDS = 0.5, 30
"""Between two looks for copies; and the most that one takes."""


def _keys_of(storage: Storage, tenants: Sequence[str]) -> dict[str, str]:
    """Make a key for each tenant."""
    now = storage.settings.clock.now
    with storage.warehouse.begin() as connection:
        return {
            tenant: create_key(connection, NewKey("load", tenant, frozenset({Scope.TENANT}), "bench"), now)
            for tenant in tenants
        }


def _wait_for_copies(data_dir: Path) -> None:
    """Wait until the server has copied the days of its lists, which it does after its start, or copies no more."""
    days = len([*data_dir.glob("lake/usage_records/*/*.parquet")])
    copies, last = 0, time.monotonic()
    while copies < days and time.monotonic() - last < _COPY_SECONDS:
        time.sleep(_LOOK_SECONDS)
        if (found := len([*data_dir.glob("tmp/listing-*/*.parquet")])) > copies:
            copies, last = found, time.monotonic()


def _walk(client: Client, tenant_id: str) -> Walk:
    """Turn the pages of a list up to its fortieth; where there are none, from the first one on."""
    path = LIST
    for _ in range(_DEEP):
        cursor = cursor_of(client.send(Asked(Kind.DEEP_PAGE, path, tenant_id))[1])
        if cursor is None:
            break
        path = page_path(cursor=cursor)
    return Walk(tenant_id, path, path)


def _ask(
    server: Server, keys: dict[str, str], records: Sequence[tuple[str, str]], data_dir: Path, *, pauses: bool
) -> Served:
    """Warm the server, then measure it."""
    clients = [Client(server, keys) for _ in range(CLIENTS)]
    warm_up, requests = (_fewer(number, data_dir) for number in (_WARM_UP, _REQUESTS))

    def warm(number: int) -> Mix:
        walked = records[number * _WALKS : (number + 1) * _WALKS]
        mix = Mix(number, records, [_walk(clients[number], tenant) for tenant, _ in walked])
        clients[number].send_all(mix, warm_up, pauses=False)
        return mix

    with ThreadPoolExecutor(CLIENTS) as pool:
        mixes = list(pool.map(warm, range(CLIENTS)))
        before, started = _cpu(server, data_dir), time.perf_counter()
        times = list(pool.map(lambda client, mix: client.send_all(mix, requests, pauses=pauses), clients, mixes))
        seconds, after = time.perf_counter() - started, _cpu(server, data_dir)
    for client in clients:
        client.close()
    number = CLIENTS * requests
    in_server, in_database, in_clients = (
        round((now - then) * 1000 / number, 2) for then, now in zip(before, after, strict=True)
    )
    answered = tuple(_answered(kind, times) for kind in SHARES)
    return Served(round(number / seconds, 1), in_server, in_database, in_clients, answered)


def _fewer(number: int, data_dir: Path) -> int:
    """Return the number of requests for as much data as there is."""
    records: int = json.loads((data_dir / "truth.json").read_text(encoding="utf-8"))["totals"]["records"]
    return max(_FEWEST, number * records // (LISTED_DAYS * LISTED_RECORDS))


def _cpu(server: Server, data_dir: Path) -> tuple[float, float, float]:
    """Return the processor seconds so far of server, database and clients."""
    database = sum(cpu_seconds(process) for process in database_processes(data_dir))
    return server.cpu_seconds, database, time.process_time()


def _answered(kind: Kind, times: Sequence[Times]) -> Answered:
    found = [took for of_client in times for took in of_client.get(kind, ())]
    cuts = quantiles(found, n=100)
    return Answered(kind, len(found), round(cuts[49], 2), round(cuts[98], 2))


def main(data_dir: Path, out: Path, *, pauses: bool) -> None:
    """Serve the data, ask for it, and write what was found."""
    noon = datetime.combine(DAY + timedelta(days=1), time_of_day(12), UTC)
    settings = listed_settings(data_dir)
    environment = {"USAGE_NOW": noon.isoformat(), "USAGE_FORMATS_DIR": str(settings.formats_dir)}
    with open_storage(settings) as storage:
        records = any_records(storage, _RECORDS)
        keys = _keys_of(storage, sorted({tenant for tenant, _ in records}))
        with serving(data_dir, out / "server.log", environment) as server:
            _wait_for_copies(data_dir)
            served = _ask(server, keys, records, data_dir, pauses=pauses)
            found = {"peak_bytes": server.peak_bytes, "served": asdict(served)}
    (out / "answers.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), pauses=sys.argv[3] == "pauses")
