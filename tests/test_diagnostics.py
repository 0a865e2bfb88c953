"""What libraries mean by the same name."""

from tests.helpers import CommandLine


def test_dialects_part_where_their_definitions_say(nntrain: CommandLine) -> None:
    adam = {dialect["name"]: dialect for dialect in nntrain("dialects", "adam", "--json").json}
    assert adam["keras"]["keys"] == {"eps": 1e-7, "eps_root": 0, "eps_hat": True}
    assert adam["straka"]["parts"] == 1  # where epsilon is not small beside v, which is in the first steps
    assert all(dialect["parts"] is None for name, dialect in adam.items() if name != "straka")
    nadam = {dialect["name"]: dialect for dialect in nntrain("dialects", "nadam", "--json").json}
    assert nadam["torch"]["parts"] is None
    assert nadam["keras"]["parts"] == 1  # half the rate
    assert nadam["keras"]["parts_at_equal_rate"] > 1
    table = nntrain("dialects", "momentum").out
    assert "scaled_velocity" in table
    assert "never" in table  # optax does as torch
    assert "sgd means the same everywhere" in nntrain("dialects", "sgd").err
    wrong = nntrain("dialects", "adm")
    assert wrong.status == 2
    assert "did you mean adam?" in wrong.err
