"""Reading a user's table: CSV and other formats, as text or typed columns, with the place of each row.

The keys of ``data.source`` that say how a file is read are those of :class:`Reading`; a model file holds them, so that
``predict`` reads files of the same kind. :func:`nntrain.data.reading.files.read_table` reads a file.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from nntrain.registry import MAX_COUNT, Strict

MARKS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "space": " ", "colon": ":"}
MARK_NAMES = {mark: name for name, mark in MARKS.items()}
KINDS = {  # by the file's ending
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".npy": "npy",
    ".npz": "npz",
    ".xlsx": "xlsx",
}
TAB_ENDINGS = (".tsv", ".tab")
COMPRESSED = (".gz", ".zst")

Encoding = Literal[
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "latin-1",
    "iso-8859-2",
    "iso-8859-5",
    "iso-8859-15",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "koi8-r",
    "mac-roman",
    "cp437",
    "cp850",
    "shift-jis",
    "euc-jp",
    "euc-kr",
    "gb18030",
    "big5",
]
Kind = Literal["csv", "parquet", "jsonl", "json", "npy", "npz", "xlsx"]
FormatKey = Annotated[Kind | None, Field(description="file format; null: by the file's ending, else csv")]
SeparatorKey = Annotated[
    Literal["comma", "semicolon", "tab", "pipe", "space", "colon", ",", ";", "\t", "|", " ", ":"] | None,
    Field(description="cell separator; null: tab for .tsv and .tab files, else comma"),
]
DecimalKey = Annotated[Literal[".", ","], Field(description="decimal mark of numbers in text")]
ThousandsKey = Annotated[
    Literal[",", ".", " ", "'"] | None, Field(description="thousands separator of numbers in text; null: none")
]
EncodingKey = Annotated[Encoding, Field(description="encoding of a text file")]
HeaderKey = Annotated[
    bool, Field(description="the first line has the column names; false: they are column_1, column_2 and so on")
]
SheetKey = Annotated[
    Annotated[str, Field(min_length=1)] | Annotated[int, Field(ge=1, le=MAX_COUNT)] | None,
    Field(description="sheet of an Excel workbook, by its name or its number from 1; null: the first one"),
]
SkipKey = Annotated[int, Field(ge=0, le=MAX_COUNT, description="lines above the header or the first row to skip")]


class Reading(Strict):
    """How a table is read: the keys of ``data.source`` with these names."""

    format: FormatKey = None
    separator: SeparatorKey = None
    decimal: DecimalKey = "."
    thousands: ThousandsKey = None
    encoding: EncodingKey = "utf-8"
    header: HeaderKey = True
    skip_rows: SkipKey = 0
    sheet: SheetKey = None

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        check_marks(self.decimal, self.thousands)
        return self

    def mark(self, path: str) -> str:
        """Return the cell separator for the file at ``path``."""
        if self.separator is not None:
            return MARKS.get(self.separator, self.separator)
        return "\t" if ending(path) in TAB_ENDINGS else ","


def check_marks(decimal: str, thousands: str | None) -> None:
    """Refuse numbers whose decimal mark is the thousands separator.

    Raises:
        PydanticCustomError: if they are the same.
    """
    if decimal == thousands:
        raise PydanticCustomError("same_marks", f"decimal and thousands are both {decimal!r}; set decimal too")


def ending(path: str) -> str:
    """Return a file's ending in lower case, without that of a compression."""
    name = Path(path)
    return Path(name.stem if name.suffix.lower() in COMPRESSED else name.name).suffix.lower()


def by_position(columns: int) -> list[str]:
    """Return the names of columns without a header."""
    return [f"column_{number}" for number in range(1, columns + 1)]


def setting(key: str, value: object, for_recipe: bool) -> str:
    """Return how a user gives the setting ``key`` a value: as a recipe's key, or as an option."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if for_recipe:
        return f"set data.source.{key}: {text if text[:1].isalnum() else repr(text)}"
    quoted = f"{key}={text}" if text.strip() else f"'{key}={text}'"
    return f"use --separator {text}" if key == "separator" else f"use --read {quoted}"
