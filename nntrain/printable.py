r"""Text that is safe to print: control characters become escapes such as ``\u001b``.

Column names, labels, file names and recipes come from files, and files from strangers: an escape sequence in one could
clear the screen, set the title, or forge output. The streams and consoles of :mod:`nntrain.cli` pass all text through
:func:`printable`, and error messages through :func:`one_line`. The escapes are JSON's, so that JSON output stays valid.
"""

import re

# Control characters except tab and line feed; line and paragraph separators; bidirectional controls.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
MAX_LINE = 2_000  # characters of a line that are shown


def printable(text: str) -> str:
    """Return text with control characters escaped, except tabs and line feeds."""
    return CONTROL.sub(_escape, text)


def one_line(text: str) -> str:
    """Return text as one line with control characters escaped, truncated if it is very long."""
    if len(text) > MAX_LINE:
        text = f"{text[:MAX_LINE]}... ({len(text) - MAX_LINE:,} more characters)"
    return printable(text).replace("\n", r"\n").replace("\t", r"\t")


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
