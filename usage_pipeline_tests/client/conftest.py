"""The same server as for the API."""

from usage_pipeline_tests.api.conftest import acme, acme_served, client_of, platform, served

__all__ = ["acme", "acme_served", "client_of", "platform", "served"]
