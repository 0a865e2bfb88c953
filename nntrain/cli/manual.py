"""The manual page nntrain(1), from the commands' own help."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nntrain import __version__


def manual(app: Any) -> str:
    """Return the page in the man macros of roff, for the command line ``app``."""
    import typer

    root = typer.main.get_command(app)
    return "\n".join(_page(root)) + "\n"


def _page(root: Any) -> Iterator[str]:
    summary, _, rest = root.help.partition("\n\n")
    yield f'.TH NNTRAIN 1 "" "nntrain {__version__}" "User Commands"'
    yield ".SH NAME"
    yield f"nntrain \\- {_text(summary.rstrip('.')[:1].lower() + summary.rstrip('.')[1:])}"
    yield ".SH SYNOPSIS"
    yield r".B nntrain"
    yield r"\fICOMMAND\fR [\fIARGUMENTS\fR] [\fIOPTIONS\fR]"
    yield ".SH DESCRIPTION"
    yield from _paragraphs(rest)
    yield ".PP"
    yield r"\fBnntrain help\fR lists the pages of the documentation that can be read offline."
    yield ".SH COMMANDS"
    for name, command in _commands(root, ""):
        yield ".SS " + _text(" ".join([name, *(_metavar(one) for one in command.params if _is_argument(one))]))
        yield from _paragraphs(command.help or "")
        for parameter in command.params:
            if getattr(parameter, "hidden", False):
                continue
            yield ".TP"
            yield _usage(parameter)
            yield _text(parameter.help or "No description.")
    yield ".SH SEE ALSO"
    yield r"\fBnntrain\fR \fICOMMAND\fR \fB\-\-help\fR"


def _commands(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    """Yield name and command, of the commands inside groups too."""
    for name, command in group.commands.items():
        path = f"{before} {name}".strip()
        if hasattr(command, "commands"):
            yield from _commands(command, path)
        else:
            yield path, command


def _usage(parameter: Any) -> str:
    if _is_argument(parameter):
        return f"\\fI{_text(_metavar(parameter))}\\fR"
    names = ", ".join(f"\\fB{_text(name)}\\fR" for name in [*parameter.opts, *parameter.secondary_opts])
    value = _metavar(parameter)
    return f"{names} \\fI{_text(value)}\\fR" if value else names


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _metavar(parameter: Any) -> str:
    """Return what stands for the value; empty for an option without one."""
    if parameter.metavar:
        return str(parameter.metavar)
    if getattr(parameter, "is_flag", False):
        return ""
    return str(parameter.name or "value").upper()


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        yield ".PP"
        yield _text(" ".join(paragraph.split()))


def _text(text: str) -> str:
    """Return text as roff prints it unchanged: an escaped backslash and hyphen, and no control character first."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
