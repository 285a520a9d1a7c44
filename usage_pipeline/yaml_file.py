"""Reads the YAML files that people edit, and reports their errors in one way."""

from pathlib import Path
from typing import Any

import yaml

from usage_pipeline.errors import UsagePipelineError


class _UniqueKeys(yaml.CSafeLoader):
    """Refuses repeated keys, of which YAML would silently take the last. Uses the fast parser in C."""


def _unique_mapping(loader: _UniqueKeys, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for index, key in enumerate(keys):
        if key in keys[:index]:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key!r} appears twice", node.value[index][0].start_mark
            )
    return loader.construct_mapping(node, deep)


_UniqueKeys.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _unique_mapping)


def read_yaml(file: Path, error: type[UsagePipelineError]) -> dict[str, Any]:
    """Read a file of entries by name; an empty file has none. Raises `error`, naming file and problem."""
    content = _load(file, error)
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise error(f"{file}: expected entries by name, as in `name: …`")
    return content


def read_yaml_list(file: Path, error: type[UsagePipelineError]) -> list[Any]:
    """Read a file with a list of entries; an empty file has none. Raises `error`, naming file and problem."""
    content = _load(file, error)
    if content is None:
        return []
    if not isinstance(content, list):
        raise error(f"{file}: expected a list of entries, each as in `- id: …`")
    return content


def _load(file: Path, error: type[UsagePipelineError]) -> object:
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError) as problem:  # an impossible date is a ValueError
        raise error(f"{file}: not valid YAML: {problem}") from None
    except OSError as problem:
        raise error(f"{file}: cannot be read: {problem.strerror}") from None
