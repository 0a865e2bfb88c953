"""What has been compiled, kept on disk: found wherever it is, checked, and done without."""

import ast
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from nntrain.jit import cache
from nntrain.jit.cache import WITHOUT_KERNELS, PackageCache, can_write
from nntrain.jit.kernels import CompiledFunction, _dispatcher
from nntrain.optimizers.sgd import SGD
from tests.helpers import ROOT, CommandLine

DTYPE = np.dtype("float32")
COMPILED = """
import numpy as np
from nntrain.jit.kernels import announced
from nntrain.optimizers.sgd import SGD
told = []
with announced(lambda: told.append("compiled")):
    SGD.update[np.dtype("float32")]
print(*told)
"""
CALLED = """
import numpy as np
theta, grad, state = np.arange(2, dtype="float32"), np.ones(2, "float32"), np.zeros((0, 2), "float32")
theta += 0.5
SGD.update["float32"](theta, grad, state, np.zeros((0, 3), np.int64), np.zeros(8), 0.5, 1, 0, 2)
print(theta.tolist())
"""
# Every bit may flip and every end be missing: what is left of an entry is no entry.
DAMAGED = """
import random
from pathlib import Path
import numba, numpy as np
from nntrain.jit.cache import PackageCache
from nntrain.jit.kernels import _dispatcher
from nntrain.optimizers.sgd import SGD
rule, dtype, draw = SGD.update, np.dtype("float32"), random.Random(1)
dispatcher, signature = _dispatcher(rule, dtype), rule.signature(numba.from_dtype(dtype))
load = lambda: PackageCache(rule.function).load_overload(signature, dispatcher.targetctx)
(path,) = Path(FOLDER).rglob("*.nbc")
whole = path.read_bytes()
for turn in range(400):
    content = bytearray(whole)
    for _ in range(draw.choice([1, 1, 2, 8])):
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    if turn % 4 == 0:
        del content[draw.randrange(len(content)):]
    path.write_bytes(content)
    assert content == whole or load() is None, turn
path.unlink()
path.mkdir()
assert load() is None
path.rmdir()
path.write_bytes(whole[:-1])
rule[dtype]
assert load() is not None
"""


def names_in_kernels(tree: ast.Module) -> set[str]:
    """Return the names that a module's compiled functions use."""
    names: set[str] = set()
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        nodes = [node for decorator in function.decorator_list for node in ast.walk(decorator)]
        decorators = {node.id for node in nodes if isinstance(node, ast.Name)}
        if decorators & {"kernel", "compiled", "overload", "rule", "intrinsic", "noinline"}:
            names |= {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    return names


def test_compiled_code_depends_on_no_folder_that_the_cache_leaves_out() -> None:
    """What a kernel uses must be part of the key, or a change to it would leave the old machine code in place."""
    seen = 0
    for path in sorted((ROOT / "nntrain").rglob("*.py")):
        tree = ast.parse(path.read_text())
        used = names_in_kernels(tree)
        seen += bool(used)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("nntrain."):
                folder = str(node.module).split(".")[1]
                names = {alias.asname or alias.name for alias in node.names}
                assert folder not in WITHOUT_KERNELS or not names & used, f"{path}: {names & used} of {node.module}"
    assert seen > 30


def run(code: str, folder: Path) -> str:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    code = code.replace("FOLDER", repr(str(folder)))
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def entry() -> tuple[CompiledFunction, PackageCache, tuple[Any, Any]]:
    """Return an update rule, its cache, and what its cache is asked with."""
    rule = CompiledFunction(SGD.update.function, SGD.update.signature, frozenset())
    return rule, PackageCache(rule.function), (rule.signature(numba.float32), _dispatcher(rule, DTYPE).targetctx)


def test_an_entry_that_was_damaged_is_refused_and_compiled_again(tmp_path: Path) -> None:
    assert run(COMPILED, tmp_path) == "compiled"
    assert run(COMPILED, tmp_path) == ""
    run(DAMAGED, tmp_path)
    assert run(COMPILED, tmp_path) == ""


def test_an_entry_of_other_sources_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "folders", lambda: [tmp_path])
    rule, found, asked = entry()
    rule[DTYPE]
    (path,) = tmp_path.iterdir()
    assert found.has(*asked)
    with monkeypatch.context() as patch:
        patch.setattr(cache, "_fingerprint", lambda: (("kernels.py", 1, 2),))
        assert not found.has(*asked)
        assert found.load_overload(*asked) is None
        entry()[0][DTYPE]
    assert [path] == list(tmp_path.iterdir())
    assert not found.has(*asked)


def test_what_an_installed_library_has_no_more_is_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "folders", lambda: [tmp_path])
    rule, found, asked = entry()
    rule[DTYPE]
    assert found.load_overload(*asked) is not None

    def gone(content: bytes) -> None:
        raise AttributeError("Can't get attribute 'Gone' on <module 'numba.core.types'>")

    monkeypatch.setattr(pickle, "loads", gone)
    assert found.load_overload(*asked) is None


def test_an_entry_is_read_where_it_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, nowhere = tmp_path / "shared", tmp_path / "file" / "cache"
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(cache, "folders", lambda: [shared])
    entry()[0][DTYPE]

    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError

    monkeypatch.setattr(cache, "folders", lambda: [nowhere, shared])
    monkeypatch.setattr(cache, "replace_file", refuse)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    can_write.cache_clear()
    assert not can_write()
    rule, found, asked = entry()
    assert found.load_overload(*asked) is not None
    next(shared.iterdir()).unlink()
    assert not rule.missing(DTYPE)  # a second process would compile it in vain
    assert callable(rule[DTYPE])
    assert not list(shared.iterdir())
    can_write.cache_clear()


def test_a_disk_that_is_full_costs_only_time(
    moons: Path, nntrain: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "folders", lambda: [moons.parent / "cache"])
    monkeypatch.setattr(cache, "replace_file", full)
    assert callable(entry()[0][DTYPE])


def test_who_has_no_place_for_the_cache_is_told_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code = "from nntrain.cli.compiling import announce_compiling\nfrom nntrain.optimizers.sgd import SGD\n"
    code += "with announce_compiling(print):\n    SGD.update['float32']\n"
    code += CALLED
    said, computed = run(code, tmp_path / "file" / "cache").splitlines()
    assert computed == "[0.0, 1.0]"
    assert said.startswith("compiling (up to half a minute in every run; ")
    assert "NUMBA_CACHE_DIR" in said
