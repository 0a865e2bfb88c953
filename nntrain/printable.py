r"""Text that a terminal shows and does not obey: control characters become escapes such as ``\u001b``.

Column names, classes, labels, file names and recipes come from files, and files from strangers: an escape sequence in
one could clear the screen, set the title, or print what nntrain never said. The streams and consoles of
:mod:`nntrain.cli` pass all text through :func:`printable`, and problems, of which each part is one line, through
:func:`one_line`. The escapes are JSON's, so that JSON stays what it is.
"""

import re

# Control characters but for tab and line feed; and what turns the direction of text round, or ends a line or paragraph.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
LINE = 2_000  # characters, beyond which a line is cut


def printable(text: str) -> str:
    """Return text without control characters; tabs and line feeds stay."""
    return CONTROL.sub(_escape, text)


def one_line(text: str) -> str:
    """Return text as one line without control characters, cut where it is very long."""
    if len(text) > LINE:
        text = f"{text[:LINE]}... ({len(text) - LINE:,} more characters)"
    return printable(text).replace("\n", r"\n").replace("\t", r"\t")


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
