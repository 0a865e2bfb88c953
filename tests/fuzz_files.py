"""Mutations of model files, checkpoints and start states: each file loads and works, or is refused with one message.

    python -m tests.fuzz_files FOLDER CASES SEED

Bytes are flipped, cut, swapped and repeated, headers get other sizes, offsets, types and shapes, and content is changed
with the checksum made right again. A case may take 1 s of CPU and the process 500 MB more than before. No file but the
case is opened, and nothing is executed: otherwise, or if the process crashes, this fails. FOLDER/case.safetensors is
the last case then.
"""

import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from safetensors import safe_open

from nntrain.artifacts import container
from nntrain.artifacts.checkpoint import CheckpointFiles, read_file, state_of, write_state
from nntrain.artifacts.checkpoint_facts import Origin, facts_of
from nntrain.artifacts.kept_states import start_file
from nntrain.artifacts.model import Model
from nntrain.artifacts.run_folder import RunFolder
from nntrain.errors import InputError
from nntrain.recipe.build import Built
from nntrain.recipe.schema import Recipe
from nntrain.training.engine import Engine
from nntrain.training.loop import train
from nntrain.training.repeat import initial_state
from nntrain.training.settings import Checkpoint
from tests.fuzz import places, replaced
from tests.fuzzing import STRANGE
from tests.helpers import built

SECONDS, KILOBYTES = 1.0, 500_000
LONGEST = 2000  # characters of a message
FORBIDDEN = ("os.", "subprocess.", "socket.", "shutil.", "exec", "compile", "ctypes.dlopen", "import")
RECIPE = {
    "data": {"source": {"name": "moons", "rows": 24}, "validation": 0.2, "test": 0},
    "model": {"hidden": [3], "norm": "batch"},
    "schedule": {"name": "reduce_on_plateau", "patience": 0},
    "training": {"epochs": 3, "batch_size": 7},
}
Header = dict[str, Any]
SIZES = (0, 1, 7, 2**31, 2**32, 2**53, 2**63, 2**64 - 1, 100_000_000)
SHAPES: tuple[Any, ...] = ([], [0], [1], [2**31, 2**31], [2**63], [-1], [2**32, 2**32, 4], "x", None, [[1]], [1.5])
TYPES = ("F16", "BF16", "F32", "F64", "I8", "I64", "U64", "BOOL", "F8_E4M3", "C64", "X", "")


def parts(content: bytes) -> tuple[Header, bytes]:
    """Return the header and the data of a safetensors file."""
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]


def joined(header: Header | str, data: bytes, size: int | None = None) -> bytes:
    """Return a file with this header, which may claim another size."""
    text = (header if isinstance(header, str) else json.dumps(header)).encode(errors="surrogatepass")
    return (len(text) if size is None else size).to_bytes(8, "little") + text + data


def changed_bytes(draw: random.Random, content: bytes) -> bytes:
    """Flip, cut, swap or repeat bytes."""
    changed, place = bytearray(content), draw.randrange(len(content))
    other, size = draw.randrange(len(content)), draw.randrange(1, 200)
    kind = draw.randrange(5)
    if kind == 0:
        for _ in range(draw.randrange(1, 9)):
            changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    elif kind == 1:
        del changed[place:]
    elif kind == 2:
        del changed[place : place + size]
    elif kind == 3:
        changed[place : place + size], changed[other : other + size] = (
            changed[other : other + size],
            changed[place : place + size],
        )
    else:
        changed[place:place] = changed[other : other + size] * draw.randrange(1, 50)
    return bytes(changed)


def changed_header(draw: random.Random, content: bytes) -> bytes:
    """Change what the header says of itself or of a tensor."""
    header, data = parts(content)
    tensor = header[draw.choice([name for name in header if name != "__metadata__"])]
    kind = draw.randrange(7)
    if kind == 0:
        return joined(header, data, draw.choice(SIZES))
    if kind == 1:
        offsets = [other["data_offsets"] for name, other in header.items() if name != "__metadata__"]
        numbers = [*(number for pair in offsets for number in pair), -1, len(data) + 8, 2**63, 2**64]
        tensor["data_offsets"] = [draw.choice(numbers), draw.choice(numbers)]
    elif kind == 2:
        tensor["shape"] = draw.choice(SHAPES)
    elif kind == 3:
        tensor["dtype"] = draw.choice(TYPES)
    elif kind == 4:
        deep = draw.choice((100, 100_000))
        header["__metadata__"][draw.choice(["recipe", "x"])] = draw.choice(["[" * deep, '{"a":' * deep, "9" * deep])
    elif kind == 5:
        text = json.dumps(header)
        return joined(draw.choice([text[:-1] + "," + text[1:], "[" * 100_000, text * 2, "", "null"]), data)
    else:
        header["__metadata__"] = draw.choice([None, [], {"x": 1}, {"x": "y" * 5_000_000}, {}, "x"])
    return sealed(draw, joined(header, data))


def changed_content(draw: random.Random, content: bytes) -> bytes:
    """Change a fact or a tensor's numbers."""
    header, data = parts(content)
    metadata = header["__metadata__"]
    if draw.randrange(3):
        key = draw.choice([key for key in metadata if not key.startswith("format") and key != "sha256"])
        fact = json.loads(metadata[key])
        for _ in range(draw.randrange(1, 3)):
            fact = replaced(fact, draw.choice(places(fact)), draw.choice(STRANGE))
        metadata[key] = json.dumps(fact)
    else:
        numbers = np.array([np.nan, np.inf, -np.inf, 3e38, -1, 0, 1e-45], np.float32)
        place = 4 * draw.randrange(len(data) // 4)
        data = data[:place] + draw.choice(list(numbers)).tobytes() + data[place + 4 :]
    return sealed(draw, joined(header, data), always=True)


def sealed(draw: random.Random, content: bytes, always: bool = False) -> bytes:
    """Return the file with the checksum made right again, mostly, if it can be opened at all."""
    if not always and not draw.randrange(3):
        return content
    CASE.write_bytes(content)
    try:
        with safe_open(CASE, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            metadata = dict(file.metadata() or {})
        header, data = parts(content)
    except Exception:  # whatever the library raises
        return content
    metadata.pop("sha256", None)
    header["__metadata__"] = {**metadata, "sha256": container._digest(tensors, metadata)}
    return joined(header, data)


def originals(folder: Path) -> tuple[list[bytes], Built]:
    """Return a model, a checkpoint and a start state."""
    made = built(RECIPE)
    engine = Engine(made.plan)
    run = cast("RunFolder", SimpleNamespace(sync_metrics=lambda: 0, files=folder))
    files = CheckpointFiles(Checkpoint(), run, {}, lambda: "", print)
    list(train(engine, lambda: True, checkpoints=files))
    start_file(folder).parent.mkdir()
    origin = Origin(kind="branch", run="r", epoch=0, changes=[])
    write_state(start_file(folder), initial_state(engine), facts_of(initial_state(engine), 0, 0, {}, "", origin))
    Model.of(made.recipe, made.plan.network, engine.theta, made.dataset, made.plan.data).save(folder / "model")
    return [path.read_bytes() for path in (folder / "model", *folder.glob("ch*"), start_file(folder))], made


def use(engine: Engine) -> None:
    """Load the case as what it is, or as both, and use it: a model predicts, a state continues."""
    refused = 0
    for load in (lambda: Model.load(CASE), lambda: state_of(read_file(CASE), engine, may_be_last=True)):
        try:
            found = load()
        except InputError as error:
            refused += 1
            if len(error.problems) > 1 or len(str(error)) > LONGEST:
                raise AssertionError("more than one short message") from error
            continue
        if isinstance(found, Model):
            x = np.zeros((2, len(found.feature_names)))
            with suppress(InputError):  # changed weights may overflow, which is reported as a row's output
                list(found.outputs(x))
        elif found.epoch < RECIPE["training"]["epochs"]:  # type: ignore[index]
            list(train(engine, resumed=found))
    assert refused
    COUNTS["used" if refused == 1 else "refused"] += 1


def fuzz(folder: Path, cases: int, seed: int) -> None:
    """Try so many mutations."""
    files, made = originals(folder)
    engine, draw = Engine(made.plan), random.Random(seed)  # noqa: S311
    Recipe.model_json_schema()  # imports all components, of which a file names any
    for content in files:  # everything else is imported and compiled
        CASE.write_bytes(content)
        use(engine)
    assert {"used": len(files)} == COUNTS
    touched: list[str] = []
    watching = False

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if not watching:
            return
        opened = event == "open" and str(arguments[0]) != str(CASE)
        if opened or (event.startswith(FORBIDDEN) and event not in ("os.listdir", "os.scandir")):
            touched.append(f"{event} {arguments}"[:200])

    sys.addaudithook(watch)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    mutations: list[Callable[[random.Random, bytes], bytes]] = [changed_bytes, changed_header, changed_content]
    slowest = 0.0
    for number in range(cases):
        content = draw.choice(files)
        for _ in range(draw.choice((1, 1, 2))):
            mutation = draw.choice(mutations)
            try:
                content = mutation(draw, content)
            except (ValueError, KeyError, IndexError, TypeError, RecursionError, AttributeError, OverflowError):
                break  # the first mutation has left nothing to mutate
        CASE.write_bytes(content)
        began, watching = time.process_time(), True
        with np.errstate(all="ignore"):
            use(engine)
        watching = False
        slowest = max(slowest, time.process_time() - began)
        assert slowest < SECONDS, f"case {number} takes {slowest} s"
        assert not touched, touched
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < KILOBYTES, f"{grown} KB"
    print(f"{cases} mutations: {dict(COUNTS)}; slowest {slowest:.3f} s of CPU; {grown / 1000:.0f} MB more")  # noqa: T201


CASE = Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "case.safetensors"
COUNTS = Counter[str]()

if __name__ == "__main__":
    fuzz(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
