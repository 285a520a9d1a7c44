"""Imports Great Expectations, which takes seconds."""

import sys
import warnings
from importlib.util import find_spec, module_from_spec
from types import ModuleType


def import_great_expectations() -> None:
    """Import it ahead of the modules that use it."""
    # Only expectations that no suite has use them; they took a third and a tenth of the time of the import.
    execute_when_used("scipy.stats")
    execute_when_used("altair")
    with warnings.catch_warnings():
        # It imports a module that Python has deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations.expectations  # noqa: F401, PLC0415


class _Waiting(ModuleType):
    """A module that is executed when something that it does not have yet is asked of it.

    The lazy modules of `importlib` execute themselves at any question, and `import altair` asks for `__spec__`.
    """

    def __getattr__(self, name: str) -> object:
        self.__class__ = ModuleType  # type: ignore[assignment]  # the class without this method
        if self.__spec__ is not None and self.__spec__.loader is not None:
            self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def execute_when_used(name: str) -> None:
    """Let a module be executed when one of its names is first asked for."""
    spec = None if name in sys.modules else find_spec(name)
    if spec is None:
        return
    module = module_from_spec(spec)
    module.__class__ = _Waiting
    sys.modules[name] = module
    package, _, name_there = name.rpartition(".")
    if package:
        setattr(sys.modules[package], name_there, module)
