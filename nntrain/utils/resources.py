"""The folders of the shipped recipes, datasets and documentation: inside the package, or next to it in a checkout."""

from pathlib import Path

HERE = Path(__file__).parents[1]


def recipes_folder() -> Path:
    """Return the directory of the shipped recipes."""
    return _folder("recipes")


def datasets_folder() -> Path:
    """Return the directory of the shipped datasets."""
    return _folder("datasets")


def documentation() -> dict[str, Path]:
    """Return the pages of the documentation by name."""
    return {path.stem: path for path in sorted(_folder("docs").glob("*.md"))}


def shipped_recipes() -> dict[str, Path]:
    """Return the shipped recipes by name."""
    return {path.stem: path for path in sorted(recipes_folder().glob("*.yaml"))}


def _folder(name: str) -> Path:
    installed = HERE / name
    return installed if installed.is_dir() else HERE.parent / name
