from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from usage_pipeline.settings import Settings
from usage_pipeline.storage.daily import ReferenceRows
from usage_pipeline.storage.engine import open_engine, session
from usage_pipeline.storage.inputs import register_reference
from usage_pipeline.storage.tables import columns

THREADS = 8
SHIPPED = ReferenceRows("shipped", columns(("number", "BIGINT", "A number.")), tuple((n,) for n in range(100)))


def test_threads_that_read_it_first_at_once_read_all_of_it(settings: Settings) -> None:
    together = Barrier(THREADS)
    with open_engine(settings) as engine, ThreadPoolExecutor(THREADS) as pool:

        def count(_: int) -> object:
            with session(engine) as duck:
                together.wait()
                register_reference(SHIPPED, duck)
                return duck.execute("SELECT count(*) FROM shipped").fetchone()

        assert list(pool.map(count, range(THREADS))) == [(100,)] * THREADS
