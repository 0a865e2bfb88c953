"""Recognition of file formats other than UTF-8 text by their first bytes, and how to convert them."""

from typing import NamedTuple


class Format(NamedTuple):
    """The name of a format, and what to do with such a file."""

    name: str
    hint: str = ""


EXPORT = "export it as CSV (UTF-8)"
SIGNATURES = {
    b"PAR1": Format("a Parquet file", EXPORT),
    b"ARROW1": Format("an Arrow file", EXPORT),
    b"FEA1": Format("a Feather file", EXPORT),
    b"\x89HDF": Format("an HDF5 file", EXPORT),
    b"\x93NUMPY": Format("a NumPy array", EXPORT),
    b"SQLite format 3\0": Format("an SQLite database", EXPORT),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": Format("an old Excel workbook", EXPORT),
    b"\x1f\x8b": Format("gzip-compressed", "decompress it with gunzip"),
    b"BZh": Format("bzip2-compressed", "decompress it with bunzip2"),
    b"\xfd7zXZ\0": Format("xz-compressed", "decompress it with unxz"),
    b"\x28\xb5\x2f\xfd": Format("zstd-compressed", "decompress it with unzstd"),
    b"7z\xbc\xaf\x27\x1c": Format("a 7-Zip archive", "extract the file first"),
    b"%PDF": Format("a PDF document"),
    b"\x89PNG": Format("a PNG image"),
    b"\xff\xd8\xff": Format("a JPEG image"),
}
ZIPPED = {  # by names inside the archive
    b"xl/": Format("an Excel workbook", EXPORT),
    b"opendocument.spreadsheet": Format("an OpenDocument spreadsheet", EXPORT),
    b".npy": Format("a NumPy archive", EXPORT),
}


def format_of(content: bytes) -> Format | None:
    """Return the format of a file that is not UTF-8 text, None if it is unknown."""
    known = next((found for start, found in SIGNATURES.items() if content.startswith(start)), None)
    if known is not None:
        return known
    if content.startswith(b"PK\3\4"):
        inside = next((found for name, found in ZIPPED.items() if name in content), None)
        return inside or Format("a ZIP archive", "extract the file first")
    if is_safetensors(content[:9], len(content)):
        return Format("a model file (safetensors)")
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # byte order marks
    encoding = "UTF-16" if marked else _utf_16(content[:4096])
    if encoding is not None:
        return Format(f"{encoding} text", f"convert it: iconv -f {encoding} -t UTF-8")
    return None


def is_safetensors(start: bytes, size: int) -> bool:
    """Return whether a file is safetensors, from its size and first nine bytes: header length and a brace."""
    return start[8:] == b"{" and int.from_bytes(start[:8], "little") < size


def format_of_text(text: str) -> Format | None:
    """Return the format of a text that is not a CSV table, None if it may be one."""
    start = text.lstrip()[:20].lower()
    if start.startswith(("{", "[{", "[\n")):
        return Format("JSON", EXPORT)
    if start.startswith(("<!doctype", "<html", "<?xml")):
        return Format("an HTML or XML page", "download the table itself")
    return None


def _utf_16(sample: bytes) -> str | None:
    """Return the UTF-16 variant of mostly ASCII text without a byte order mark, None if it is something else."""
    even, odd = sample[::2], sample[1::2]
    if 0 not in even and odd.count(0) > len(odd) / 2:
        return "UTF-16LE"
    return "UTF-16BE" if 0 not in odd and even.count(0) > len(even) / 2 else None
