"""What tests of pages need: a page read as HTML, and the data of its figures."""

import json
import re
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "input"}


class Balanced(HTMLParser):
    """Reads a page whose elements have to be closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attributes: object) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Balanced:
    """Return what a page holds, which has to need nothing from elsewhere."""
    links = re.sub(r'"http://www\.w3\.org/2000/svg"', "", page)  # a name, not a place
    assert not re.search(r"https?:|src=|@import|url\((?!#)", links)
    parser = Balanced()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def figures(page: str) -> dict[str, Any]:
    """Return the data of a page's figures, by title."""
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return {figure["title"]: figure for figure in json.loads(data)}
