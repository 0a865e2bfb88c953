"""Mistakes on the command line are told as all others are: one message, what to do, exit status 2."""

import pytest

from tests.helpers import CommandLine, refused


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["fit"], ["nntrain: fit: RECIPE|RUN|MODEL is missing", "name of a shipped recipe", "see nntrain fit --help"]),
        (["list"], ["nntrain: list: FAMILY is missing", "family to list: optimizers, losses"]),
        (["fti"], ["nntrain: unknown command 'fti'", "did you mean fit? allowed: fit, compare"]),
        (["recipes", "cpoy"], ["nntrain: recipes: unknown command 'cpoy'", "did you mean copy?"]),
        (["recipes", "copy"], ["nntrain: recipes copy: NAME is missing"]),
        (["fit", "r", "--epochs", "3"], ["nntrain: fit: unknown option --epochs", "see nntrain fit --help"]),
        (["fit", "r", "--ouy", "x"], ["nntrain: fit: unknown option --ouy", "did you mean --out?"]),
        (["fit", "r", "-z"], ["nntrain: fit: unknown option -z"]),
        (["--versoin"], ["nntrain: unknown option --versoin", "did you mean --version? see nntrain --help"]),
        (["fit", "r", "s"], ["nntrain: fit: unexpected argument: s"]),
        (["fit", "r", "--out"], ["nntrain: fit: --out needs a value", "see nntrain fit --help"]),
        (["fit", "r", "--json=3"], ["nntrain: fit: --json takes no value"]),
        (["list", "optimisers"], ["nntrain: list: FAMILY: unknown value 'optimisers'", "did you mean optimizers?"]),
        (["compare", "--tune", "x"], ["nntrain: compare: --tune: found 'x', expected a whole number"]),
        (["compare", "--seeds", "1"], ["nntrain: compare: --seeds: found '1', expected a number >= 2"]),
        (["compare", "--target", "x"], ["nntrain: compare: --target: found 'x', expected a number"]),
        (["trace", "r", "--row", "1.5"], ["nntrain: trace: --row: found '1.5', expected a whole number"]),
    ],
)
def test_mistakes_on_the_command_line(nntrain: CommandLine, arguments: list[str], words: list[str]) -> None:
    message = refused(nntrain, *arguments)
    assert message.startswith(words[0])
    for word in words:
        assert word in message
    assert message.count("\n") == 2 - (len(message.splitlines()) == 1)
    assert "Usage" not in message
    assert "Error" not in message


def test_no_summary_of_a_command_is_cut(nntrain: CommandLine) -> None:
    listed = nntrain("--help").out.partition("Commands:")[2]
    assert "fit " in listed
    assert "..." not in listed


def test_the_help_is_asked_for(nntrain: CommandLine) -> None:
    for arguments in (["--help"], ["fit", "-h"], ["recipes", "copy", "--help"]):
        ended = nntrain(*arguments)
        assert ended.status == 0
        assert ended.out.startswith("Usage: nntrain ")
    assert nntrain().status == 2
