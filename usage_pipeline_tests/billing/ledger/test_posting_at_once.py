"""Processes that post to the ledger at the same time: what is missing is added by one of them."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from usage_pipeline.billing.ledger.posting import post
from usage_pipeline_tests.billing.ledger.deployment import Deployment
from usage_pipeline_tests.support import land_and_compute
from usage_pipeline_tests.waiting import wait_for_waiting

END_IDLE_SESSIONS = text(
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
    "WHERE state = 'idle' AND datname = current_database()"
)


def test_usage_is_posted_once_although_the_server_ends_idle_sessions(deployment: Deployment) -> None:
    deployment.use("05-10 08:00", 300)
    deployment.run()
    deployment.use("05-10 09:00", 20)
    land_and_compute(deployment.storage, "records", "credits")
    with ThreadPoolExecutor() as threads, deployment.storage.warehouse.begin() as connection:
        connection.execute(text("LOCK TABLE usage.credit_ledger IN SHARE MODE"))  # who posts is held up by this
        posts = []
        for number in (1, 2):
            posts.append(threads.submit(post, deployment.storage))
            wait_for_waiting(deployment.storage, number)
            connection.execute(END_IDLE_SESSIONS)
        connection.commit()
        assert [posted.result() for posted in posts] == [1, 0]
    assert deployment.run() == 0
