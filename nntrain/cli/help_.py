"""``nntrain help``: the documentation, offline."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from nntrain.cli import completion
from nntrain.cli.topics import SECTIONS, topics
from nntrain.errors import bad_input, listed, nearest


def command(
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="TOPIC",
            help="Page or section of the documentation.  [default: list them]",
            show_default=False,
            autocompletion=completion.topics,
        ),
    ] = None,
) -> None:
    """Show a page of the documentation.

    Topics are its pages, such as recipes, data, files and compare, and some of their sections, such as exit-statuses
    and dialects. They come with nntrain and need no network. In a file or a pipe, the page is Markdown.
    """
    from nntrain.cli.console import stdout_console
    from nntrain.cli.result import print_text

    text = listing() if topic is None else page(topic)
    console = stdout_console()
    if not console.is_terminal:
        print_text(text)
        return
    from rich.markdown import Markdown

    with console.pager(styles=True):
        console.print(Markdown(text))


def listing() -> str:
    """Return the list of topics."""
    lines = [f"- `{name}`: {title}" for name, title in topics().items()]
    return "\n".join(["`nntrain help TOPIC` shows one of these:", "", *lines, ""])


def page(topic: str) -> str:
    """Return the page or section of a topic as Markdown.

    Raises:
        InputError: if there is no such topic.
    """
    from nntrain.utils.resources import documentation

    pages = documentation()
    if topic in SECTIONS:
        name, heading = SECTIONS[topic]
        return _section(pages[name].read_text("utf-8"), heading)
    if topic in pages:
        return pages[topic].read_text("utf-8")
    known = list(topics())
    raise bad_input("help", f"unknown topic {topic!r}", f"{nearest(topic, known)} topics: {listed(known, 40)}".strip())


def _section(text: str, heading: str) -> str:
    """Return a section of a page; headings inside code blocks do not end it."""
    start = text.index(f"\n## {heading}") + 1
    rest = re.sub(r"(?ms)^```.*?^```$", lambda block: block[0].replace("\n#", "\n\0"), text[start:])
    end = rest.find("\n## ", 1)
    return (rest if end < 0 else rest[: end + 1]).replace("\0", "#")
