"""Usage errors in the same style, and with the same exit status, as all other errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from typer.core import TyperGroup
from typer.exceptions import TyperException

from nntrain.errors import InputError, bad_input, nearest

EXPECTED = {
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "greater_than_equal": "a number >= {ge}",
    "less_than_equal": "a number <= {le}",
}


class Commands(TyperGroup):
    """All commands, with usage errors raised as :class:`InputError`."""

    def make_context(self, *arguments: Any, **settings: Any) -> Any:
        """Parse the options before the command."""
        with _as_input_error():
            return super().make_context(*arguments, **settings)

    def invoke(self, ctx: Any) -> Any:
        """Parse the command's options and run it."""
        with _as_input_error(ctx):
            return super().invoke(ctx)


@contextmanager
def _as_input_error(group: Any = None) -> Iterator[None]:
    try:
        yield
    except TyperException as error:
        raise _input_error(error, group) from None


def _input_error(error: Any, group: Any) -> InputError:
    """Return the error for one of Typer's, whose classes it does not export; ``group`` is the context of the group."""
    context: Any = getattr(error, "ctx", None)
    parameter: Any = getattr(error, "param", None)
    names = [context.command_path] if context else ["nntrain", *([group.invoked_subcommand or ""] if group else [])]
    path = " ".join(names).strip()
    command = path.removeprefix("nntrain").strip()
    see = f"see {path} --help"
    match type(error).__name__:
        case "NoSuchOption":
            options = [name for one in context.command.get_params(context) for name in one.opts]
            hint = f"{nearest(error.option_name, options)} {see}".strip()
            return bad_input(command, f"unknown option {error.option_name}", hint)
        case "BadOptionUsage":
            what = "needs a value" if "requires" in error.message else "takes no value"
            return bad_input(command, f"{error.option_name} {what}", see)
        case "MissingParameter":
            return bad_input(command, f"{_name(parameter)} is missing", f"{_help(parameter)}; {see}".strip("; "))
        case "BadParameter" if parameter is not None:
            return _bad_value(command, parameter, error)
        case _ if error.message.startswith("No such command"):
            known, name = list(context.command.commands), error.message.split("'")[1]
            hint = f"{nearest(name, known)} allowed: {', '.join(known)}".strip()
            return bad_input(command, f"unknown command {name!r}", hint)
        case _ if "unexpected extra argument" in error.message:
            return bad_input(command, f"unexpected argument: {error.message.partition(' (')[2].rstrip(')')}", see)
    return bad_input(command, error.format_message(), see)


def _bad_value(command: str, parameter: Any, error: Any) -> InputError:
    details = error.__cause__.errors()[0] if hasattr(error.__cause__, "errors") else {}
    found = details.get("input")
    choices = _choices(parameter)
    where = f"{command}: {_name(parameter)}"
    if choices:
        hint = f"{nearest(found, choices)} allowed: {', '.join(choices)}".strip()
        return bad_input(where, f"unknown value {str(found)!r}", hint)
    expected = EXPECTED.get(details.get("type", ""))
    if expected is None:
        return bad_input(where, error.message)
    return bad_input(where, f"found {str(found)!r}, expected {expected.format(**details.get('ctx', {}))}")


def _name(parameter: Any) -> str:
    return str(parameter.opts[0] if parameter.param_type_name == "option" else parameter.display_name_raw)


def _help(parameter: Any) -> str:
    text = (parameter.help or "").rstrip(".")
    choices = _choices(parameter)
    return f"{text[:1].lower()}{text[1:]}" + (f": {', '.join(choices)}" if choices else "")


def _choices(parameter: Any) -> list[str]:
    return [str(getattr(choice, "value", choice)) for choice in parameter.type_descriptor.choices or ()]
