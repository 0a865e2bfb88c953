"""The story of a run as text."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nntrain.report.story import Story


def story_text(story: Story) -> RenderableType:
    """Return a story: one line for each entry, with its epoch, and what was not recorded."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    for entry in story.entries:
        table.add_row("all" if entry.epoch is None else f"{entry.epoch:,}", Text(entry.text))
    missing = [Text(f"not recorded: {what}", "dim") for what in story.missing]
    return Group(Text("epoch", "bold"), table, Text(story.verdict), *missing)
