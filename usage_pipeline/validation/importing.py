"""Imports Great Expectations, which takes seconds."""

import sys
import warnings
from importlib.util import LazyLoader, find_spec, module_from_spec


def import_great_expectations() -> None:
    """Import it ahead of the modules that use it."""
    # Only expectations that no suite has use it, and importing it took a third of the time.
    execute_when_used("scipy", "stats")
    with warnings.catch_warnings():
        # It imports a module that Python has deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations.expectations  # noqa: F401, PLC0415


def execute_when_used(package: str, name: str) -> None:
    """Let a module of a package be executed when an attribute of it is first asked for."""
    full_name = f"{package}.{name}"
    # To look for the spec of a module that waits would execute it.
    spec = None if full_name in sys.modules else find_spec(full_name)
    if spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    sys.modules[full_name] = module
    setattr(sys.modules[package], name, module)
    spec.loader.exec_module(module)
