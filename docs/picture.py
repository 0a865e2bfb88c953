"""Draw docs/display.svg, the README's picture of a run: the real display of a real run, exported by rich.

python docs/picture.py
"""

import io
import re
from pathlib import Path
from time import perf_counter

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from nntrain.recipe.build import build
from nntrain.recipe.load import load
from nntrain.report.run_progress import RunProgress
from nntrain.training.engine import Engine
from nntrain.training.events import EpochEnded
from nntrain.training.loop import train
from nntrain.utils.resources import shipped_recipes

WIDTH = 104
EPOCH = 60  # at which the picture is taken


def main() -> None:
    """Train the digits recipe and export what its display shows in the middle of it."""
    loaded = load(str(shipped_recipes()["digits"]))
    plan = build(loaded.recipe, loaded.document, loaded.folder, loaded.name).plan
    progress, engine = RunProgress(), Engine(plan)
    began = perf_counter()
    for event in train(engine):
        progress.update(event)
        if isinstance(event, EpochEnded) and event.epoch == EPOCH:
            break
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print("$ nntrain fit recipes/digits.yaml", style="bold")
    console.print(progress.render(WIDTH, perf_counter() - began))
    # without rich's web fonts: a picture in a page loads nothing
    plain = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    console.save_svg(str(Path(__file__).with_name("display.svg")), title="nntrain", code_format=plain)


if __name__ == "__main__":
    main()
