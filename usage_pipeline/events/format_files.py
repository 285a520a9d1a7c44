"""Reads the files of formats: the shipped ones, and those of the user."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from usage_pipeline.errors import FormatError
from usage_pipeline.events.format_errors import problems
from usage_pipeline.events.source_format import SourceFormat
from usage_pipeline.settings import Settings
from usage_pipeline.yaml_file import parse_yaml, read_text, yaml_files

SOURCES = Path(__file__).with_name("sources")


@dataclass(frozen=True)
class Formats(Mapping[str, SourceFormat]):
    """The formats by name. `broken` has the messages about those that cannot be used, by name too."""

    sound: Mapping[str, SourceFormat]
    broken: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> SourceFormat:
        """Return a format that can be used."""
        return self.sound[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of those that can be used."""
        return iter(self.sound)

    def __len__(self) -> int:
        """Return the number of those that can be used."""
        return len(self.sound)


def load_formats(settings: Settings) -> Formats:
    """Read the shipped formats, then those of `USAGE_FORMATS_DIR`, which replace formats of the same name.

    Raises FormatError if there is no such directory.
    """
    folders = [SOURCES, *([settings.formats_dir] if settings.formats_dir else [])]
    for folder in folders:
        if not folder.is_dir():
            raise FormatError(
                f"USAGE_FORMATS_DIR={folder}: there is no such directory; create it, or correct the setting."
            )
    sound, broken = {}, {}
    for name, file in _files(folders).items():
        try:
            sound[name] = load_format(file)
        except FormatError as error:
            broken[name] = str(error)
    return Formats(sound, broken)


def _files(folders: list[Path]) -> dict[str, Path]:
    """Return the file of each format, that of the last folder which has one."""
    found = (sorted(yaml_files(folder), key=lambda file: file.suffix == ".yaml") for folder in folders)
    return {file.stem: file for files in found for file in files}


def load_format(file: Path) -> SourceFormat:
    """Read a format, which has the name of its file. Raises FormatError naming file and key."""
    if file.suffix != ".yaml":
        raise FormatError(f"{file}: a format's name ends in .yaml; rename it to {file.stem}.yaml")
    return _parsed(file, read_text(file, FormatError))


@lru_cache(maxsize=128)
def _parsed(file: Path, text: str) -> SourceFormat:
    """Keep the formats of these texts: to read all of them takes as long as to land a small file."""
    content = parse_yaml(file, text, FormatError)
    if "name" in content:
        raise FormatError(f"{file}: name: a format has the name of its file; remove the key.")
    try:
        return SourceFormat.model_validate({"name": file.stem, **content})
    except ValidationError as error:
        raise FormatError(problems(file, error, SourceFormat.model_fields)) from None
