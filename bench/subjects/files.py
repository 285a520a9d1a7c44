"""The landing files of a day, by source."""

from pathlib import Path


def sources(landing: Path, day: str) -> dict[str, list[Path]]:
    """The files of each source that landed on the day, in the order of their paths."""
    folders = sorted(folder for folder in landing.iterdir() if (folder / day).is_dir())
    return {folder.name: sorted((folder / day).rglob("*.jsonl")) for folder in folders}
