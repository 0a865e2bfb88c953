"""Some hundred strange tables; ``python -m tests.fuzz_tables`` tries as many as asked for."""

import warnings
from pathlib import Path

from tests.fuzz_tables import fuzz


def test_strange_tables_are_read_or_refused(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ended = fuzz(tmp_path, 300, 1)
    assert sum(ended.values()) == 300
    assert min(ended["read"], ended["refused"], ended["loaded"]) > 10
