"""What is shown while a run goes on: curves, tables and lines."""

import io
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from nntrain.cli import progress as cli_progress
from nntrain.report.braille import curves
from nntrain.report.curve import MAX_VALUES, Curve
from nntrain.report.details import details, short_table
from nntrain.report.numbers import duration, number, percent
from nntrain.report.run_progress import RunProgress, epoch_line
from nntrain.report.summary import summarize
from nntrain.training.events import EpochEnded, Event, Started
from nntrain.utils.memory import quantity
from tests.helpers import run

RECIPE: dict[str, Any] = {"data": {"source": "digits"}, "model": {"hidden": [16]}, "training": {"epochs": 4}}


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return run(RECIPE)[1]


def drawn(events: list[Event], width: int) -> str:
    progress = RunProgress()
    for event in events:
        progress.update(event)
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(progress.render(width, 1.0))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_the_picture_fits_and_shows_all_that_is_asked_for(events: list[Event], width: int) -> None:
    text = drawn(events, width)
    assert all(len(line) <= width for line in text.splitlines())
    for word in ("64→16→10", "epoch 4/4", "samples/s", "lr 0.001", "train", "validation", "accuracy", "loss"):
        assert word in text
    assert "1 dense 64→16 relu" in text
    assert "gradient norm" in text
    assert any("⠀" < character <= "⣿" for character in text)
    assert text.count("\n") <= (14 if width == 120 else 20)


def test_a_picture_can_be_drawn_at_any_moment(events: list[Event]) -> None:
    assert "preparing" in drawn([], 80)
    for count in range(1, len(events) + 1):
        assert "epoch" in drawn(events[:count], 80)
    assert "left" in drawn(events[:2], 80)


def test_a_run_that_has_ended_early_has_nothing_left_to_do(events: list[Event]) -> None:
    started, *_, last = events
    assert isinstance(started, Started)
    longer = replace(started, epochs=100)
    assert "epoch 5/100" in drawn([longer, *events[1:-1]], 80)
    assert "left" in drawn([longer, *events[1:-1]], 80)
    ended = drawn([longer, *events[1:-1], last], 80)
    assert "epoch 4/100" in ended
    assert "left" not in ended


def test_a_curve_is_exact_until_it_is_long_and_then_keeps_its_extremes() -> None:
    curve, values = Curve(), np.sin(np.arange(300_000) / 5000)
    values[123_456], values[234_567] = -9, 9
    for value in values[:60_000].tolist():
        curve.append(value)
    np.testing.assert_array_equal(curve.values, values[:60_000])
    for value in values[60_000:].tolist():
        curve.append(value)
    assert (curve.every, curve.last) == (8, values[-1])
    assert MAX_VALUES / 2 <= len(curve) <= MAX_VALUES + 2 * curve.every
    assert (curve.values.min(), curve.values.max()) == (-9, 9)
    assert int(curve.values.argmin()) * curve.every == pytest.approx(123_456, abs=2 * curve.every)
    kept, whole = np.delete(curve.values, [curve.values.argmin(), curve.values.argmax()]), values
    np.testing.assert_allclose(
        np.interp(np.linspace(0, 1, 99), np.linspace(0, 1, len(kept)), kept)[:98],
        np.interp(np.linspace(0, 1, 99), np.linspace(0, 1, len(whole)), whole)[:98],
        atol=0.02,
    )


def test_a_run_of_many_epochs_is_summed_up_in_little_memory(events: list[Event]) -> None:
    started, *_, last = events
    epoch = next(event for event in events if isinstance(event, EpochEnded))

    def many() -> Iterator[Event]:
        yield started
        for count in range(1, 200_001):
            yield epoch._replace(epoch=count, train_loss=1 / count)
        yield last

    tracemalloc.start()
    summary = summarize(many(), run="runs/x", model="runs/x/model.safetensors")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 10e6  # 40 bytes an epoch: as a list of events they take 250
    assert summary.last is not None
    assert summary.last.epoch == 200_000


def test_a_curve_falls_from_the_top_left_to_the_bottom_right() -> None:
    assert curves([("", [4.0, 3.0, 2.0, 1.0])], 9 + 4, 1).plain[9:] == "⠉⠒⠤⣀"
    first, *_, last = curves([("", [8.0, 1.0])], 9 + 4, 3).plain.splitlines()
    assert first.startswith("       8 ")
    assert last.startswith("       1 ")
    assert first[9] != "⠀"
    assert last[-1] != "⠀"


@pytest.mark.parametrize(
    "values", [[], [1.0], [0.0, 0.0], [float("nan"), 1.0], [float("inf")], [5.0, 1e-30, 0.0], [1.0] * 500]
)
def test_curves_of_few_equal_zero_and_infinite_values(values: list[float]) -> None:
    text = curves([("red", values)], 30, 4).plain
    assert len(text.splitlines()) <= 4
    assert all(len(line) <= 30 for line in text.splitlines())


def test_a_curve_without_a_finite_value_leaves_the_others_alone() -> None:
    values, nothing = [4.0, 3.0, 2.0, 1.0], [float("nan")] * 4
    assert curves([("", nothing), ("", values)], 9 + 4, 1) == curves([("", values)], 9 + 4, 1)


def test_no_curves_are_an_empty_picture() -> None:
    assert curves([], 30, 3).plain == "\n\n"


def test_a_gap_in_a_curve_is_not_joined() -> None:
    gap = curves([("", [1.0, float("nan"), float("inf"), 2.0])], 9 + 4, 1).plain[9:]
    assert gap == "⡀⠀⠀⠈"


def test_many_values_are_drawn_as_dots_from_the_largest_to_the_smallest_of_each_column() -> None:
    values = [3.0, 1.0, 2.0, 2.0, 2.0] * 4  # in four characters, of eight columns of dots
    assert len(set(curves([("", values * 40)], 9 + 4, 1).plain[9:])) == 1
    assert curves([("", values * 40)], 9 + 4, 1).plain[9:] == "⣿⣿⣿⣿"


def test_a_wide_range_is_drawn_on_a_logarithmic_axis() -> None:
    halving = [2.0**-k for k in range(16)]
    text = curves([("", halving)], 9 + 8, 4).plain
    assert "log" in text
    rows = [line[9:] for line in text.splitlines()]
    assert all(any(character != "⠀" for character in row) for row in rows)  # a straight line through all rows
    assert "log" not in curves([("", [3.0, 2.0, 1.0])], 20, 4).plain


def test_no_decade_is_cut() -> None:
    """A loss that falls by sixteen decades is a straight line to the corner."""
    falling = [10.0**-k for k in range(17)]
    lines = curves([("", falling)], 9 + 17, 4).plain.splitlines()
    assert [line[:8].strip() for line in lines] == ["1", "", "log", "1e-16"]
    assert all(any(character != "⠀" for character in line[9:]) for line in lines)
    assert lines[3][9:].rstrip("⠀")[-1] == "⣀"
    assert [curves([("", [10.0**-k for k in range(n)])], 26, 4).plain[:8].strip() for n in (3, 300)] == ["1", "1"]


def test_zero_has_a_line_of_its_own_on_a_logarithmic_axis() -> None:
    lines = curves([("", [1.0, 1e-9, 0.0, 0.0])], 9 + 4, 5).plain.splitlines()
    assert [line[:8].strip() for line in lines] == ["1", "", "log", "1e-9", "0"]
    assert lines[4][9:].endswith("⣀")
    assert lines[0][9] != "⠀"


def test_zero_among_values_of_one_magnitude_is_on_a_linear_axis() -> None:
    """The lectures' losses 110, 27.5, 0, 27.5, 110: the floor is 0, and not flat."""
    lines = curves([("", [110, 27.5, 0, 27.5, 110])], 9 + 5, 3).plain.splitlines()
    assert [line[:8].strip() for line in lines] == ["110", "", "0"]
    assert [line[9:].strip("⠀") != "" for line in lines] == [True, True, True]
    assert len(lines[2][9:].strip("⠀")) < 4


@pytest.mark.parametrize("height", [1, 2])
def test_zero_is_told_in_few_lines_too(height: int) -> None:
    lines = curves([("", [1e-300, 0.0, 1.0])], 30, height).plain.splitlines()
    assert len(lines) == height
    assert "log" not in "".join(lines)
    assert lines[-1][:8].strip() == ("1" if height == 1 else "0")


def test_marks_stand_where_curves_end() -> None:
    series = [("", [1.0, 4.0]), ("", [1.0, 1.0]), ("", [2.0, 1.1]), ("", [float("nan")] * 2)]
    lines = curves(series, 30, 4, "abcd").plain.splitlines()
    assert lines[0].endswith("a")
    assert lines[3].endswith("bc")
    assert all(len(line) <= 30 for line in lines)


def test_numbers_are_short() -> None:
    assert [number(value) for value in (1.0, 0.97777, 1234.5678, 1.5e-7, 12345678.0, 0.0, None)] == [
        "1.000",
        "0.9778",
        "1235",
        "1.5e-07",
        "1.235e+07",
        "0",
        "–",
    ]
    assert [duration(value) for value in (0.0123, 5.0, 200, 7500)] == ["12 ms", "5.0 s", "3 min 20 s", "2 h 5 min"]
    assert [quantity(value) for value in (12, 27_300, 5_000_000)] == ["12 B", "27.3 kB", "5 MB"]
    assert percent(0.25) == "25.0%"


def test_an_epoch_is_one_epoch_line(events: list[Event]) -> None:
    started, epoch = events[0], events[1]
    assert isinstance(started, Started)
    assert isinstance(epoch, EpochEnded)
    line = epoch_line(epoch, started)
    assert line.startswith("epoch 1/4  train loss ")
    assert "validation loss" in line
    assert "\n" not in line


def test_plain_lines_come_every_ten_seconds(
    events: list[Event], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 0.0, 6.0, 12.0, 18.0] + [19.0] * 20)
    monkeypatch.setattr(cli_progress, "monotonic", lambda: next(clock))
    listener = cli_progress.PlainLines(RunProgress())
    for event in events:
        listener(event)
    shown = [line.split()[1] for line in capsys.readouterr().err.splitlines()]
    assert shown == ["1/4", "3/4", "4/4"]


def test_the_live_display_draws_and_ends(events: list[Event], monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(cli_progress, "stderr_console", lambda: Console(file=screen, force_terminal=True, width=80))
    with cli_progress.LiveDisplay(RunProgress()) as listener:
        listener.note("compiling")
        for event in events:
            listener(event)
    assert "compiling" in screen.getvalue()
    assert "epoch 4/4" in screen.getvalue()
    assert "\x1b[?25h" in screen.getvalue()  # the cursor is shown again


def test_a_display_that_is_slow_to_draw_is_drawn_seldom(events: list[Event], monkeypatch: pytest.MonkeyPatch) -> None:
    now, drawn = [0.0], []
    monkeypatch.setattr(cli_progress, "monotonic", lambda: now[0])
    monkeypatch.setattr(
        cli_progress, "stderr_console", lambda: Console(file=io.StringIO(), force_terminal=True, width=80)
    )
    listener = cli_progress.LiveDisplay(RunProgress())

    def update(*_: object, **__: object) -> None:
        drawn.append(now[0])
        now[0] += 0.005  # of drawing, so that it is time for the next after a second

    monkeypatch.setattr(listener._live, "update", update)
    epoch = next(event for event in events if isinstance(event, EpochEnded))
    listener(events[0])
    for _ in range(30):
        now[0] += 0.1
        listener(epoch)
    assert len(drawn) == 4  # at 0, 1, 2 and 3 seconds


def test_the_summary_says_it_in_words(events: list[Event]) -> None:
    summary = summarize(events, run="runs/x", model="runs/x/model.safetensors")
    console = Console(width=100, file=io.StringIO(), color_system=None)
    console.print(details(summary, console.width, layers=True), short_table(summary, console.width))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    for word in (
        "all epochs done after 4 epochs, 160 steps",
        "too few epochs to judge",
        "1 dense 64→16 relu",
        "dead units",
        "run: runs/x",
    ):
        assert word in text
