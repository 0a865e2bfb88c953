"""The Python examples of docstrings run; tests/test_docs.py runs those of pages."""

import doctest
from typing import Any

import pytest

from nntrain.estimators import classifier, regressor
from tests.documented import blocks
from tests.helpers import ROOT


def test_there_are_ten_wishes_of_three_lines() -> None:
    _, *wishes = (body for info, body in blocks(ROOT / "docs" / "from-scikit-learn.md") if info == "python")
    assert [len(wish.splitlines()) for wish in wishes] == [3] * 10


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("module", [classifier, regressor], ids=lambda module: module.__name__)
def test_the_examples_of_docstrings(module: Any) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
