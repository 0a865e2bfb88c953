"""The topics of ``nntrain help``: pages of the documentation, and sections of them."""

# names of sections that are looked for more often than their page, and the page and heading of each
SECTIONS = {
    "exit-statuses": ("files", "Exit statuses"),
    "dialects": ("diagnostics", "Dialects"),
    "splits": ("data", "Splits"),
    "columns": ("data", "Columns"),
    "overriding": ("recipes", "Overriding keys"),
}


def topics() -> dict[str, str]:
    """Return the topics, with the title of each."""
    from nntrain.utils.resources import documentation

    titles = {name: _title(path.read_text("utf-8")) for name, path in documentation().items()}
    return {**titles, **{name: heading for name, (_, heading) in SECTIONS.items()}}


def _title(text: str) -> str:
    return text.partition("\n")[0].removeprefix("# ")
