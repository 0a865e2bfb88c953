"""The package itself: levels, start-up, what is shipped, and what the help says."""

import ast
import graphlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nntrain import __version__
from nntrain.errors import Status
from nntrain.report.html.document import ASSETS
from nntrain.utils.resources import shipped_recipes
from tests.helpers import ROOT, CommandLine

LEVELS = (
    ("errors", "printable", "registry"),
    ("utils",),
    ("jit",),
    ("matmul",),
    ("layers", "norms", "activations", "losses", "initializers", "optimizers", "schedules", "metrics", "data"),
    ("network",),
    ("training",),
    ("diagnostics",),
    ("recipe",),
    ("artifacts",),
    ("doctor", "export"),
    ("comparison",),
    ("report",),
    ("estimators", "api"),
    ("cli",),
)
LEVEL_OF = {package: level for level, packages in enumerate(LEVELS) for package in packages}
SOURCES = sorted((ROOT / "nntrain").rglob("*.py"))


def package_of(path: Path) -> str:
    inside = path.relative_to(ROOT / "nntrain")
    return inside.parts[0].removesuffix(".py")


def imports(path: Path, tree: ast.AST | None = None) -> Iterator[str]:
    """Yield the modules and packages of nntrain that a file imports, with what it takes from a package by name."""
    for node in ast.walk(tree or ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("nntrain."))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "nntrain":
            modules = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (module if module in MODULES else str(node.module) for module in modules)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in SOURCES}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_downwards(path: Path) -> None:
    package = package_of(path)
    if package in ("__init__", "__main__"):
        return
    for name in imports(path):
        if name != "nntrain":  # its __init__ holds the version alone
            other = name.split(".")[1]
            below = LEVEL_OF[other] < LEVEL_OF[package]
            lowest = LEVEL_OF[other] == LEVEL_OF[package] == 0
            assert other == package or below or lowest, f"{package} may not import {other}"


@pytest.mark.parametrize(
    "source",
    [
        "from nntrain import cli",
        "from nntrain.cli import fit",
        "import nntrain.cli.fit",
        "from nntrain.cli.fit import command",
    ],
)
def test_every_way_to_import_is_seen(source: str) -> None:
    assert all(name.startswith("nntrain.cli") for name in imports(Path(), ast.parse(source)))
    assert list(imports(Path(), ast.parse(source)))


def test_no_modules_import_each_other() -> None:
    """Neither directly nor through others; imports within functions count too."""
    graph = {module: {name for name in imports(path) if name in MODULES} - {module} for module, path in MODULES.items()}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names them


def test_the_package_docstring_lists_the_levels() -> None:
    """Each level is a number, the highest first, with its packages in the second column."""
    packages: list[set[str]] = []
    for line in (ROOT / "nntrain" / "__init__.py").read_text().splitlines():
        if re.match(r"\d+ ", line):
            packages.insert(0, set())
        if packages and line.startswith("="):
            break
        if packages:
            packages[0] |= set(re.findall(r"\w+", line[7:66]))
    assert packages == [set(level) for level in LEVELS]


def test_every_package_has_a_level() -> None:
    assert {package_of(path) for path in SOURCES} - {"__init__", "__main__"} == set(LEVEL_OF)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short_enough_to_read_at_once(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 260


def modules_after(*arguments: str) -> set[str]:
    """Return what a command has imported when it ends."""
    code = (
        "import sys\n"
        "from nntrain.cli.main import main\n"
        f"sys.argv = {['nntrain', *arguments]!r}\n"
        "try:\n    main()\n"
        "except SystemExit:\n    print(*sys.modules, file=sys.stderr)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return {name.split(".")[0] for name in ended.stderr.split()}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["fit", "--help"], ["recipes", "--help"], ["fti"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    assert not modules_after(*arguments) & {"numpy", "numba", "sklearn", "scipy", "polars", "yaml"}


def test_the_help_imports_next_to_nothing() -> None:
    """Typer brings pydantic in when it has to convert an option; the help itself needs neither it nor rich."""
    assert not modules_after("--help") & {"rich", "pydantic", "numpy", "numba", "sklearn"}


def test_training_on_a_file_of_the_users_does_not_import_scikit_learn(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,y\n" + "".join(f"{i},{'pq'[i % 2]}\n" for i in range(40)))
    (tmp_path / "r.yaml").write_text("data: {source: {name: csv, path: d.csv, target: y}}\ntraining: {epochs: 1}\n")
    loaded = modules_after("fit", str(tmp_path / "r.yaml"), "--out", str(tmp_path / "run"), "-q")
    assert "numba" in loaded
    assert "sklearn" not in loaded
    loaded = modules_after("evaluate", str(tmp_path / "run" / "model.safetensors"), "--json")
    assert "sklearn" not in loaded


def test_a_data_set_of_scikit_learns_does_not_import_it_either(tmp_path: Path) -> None:
    loaded = modules_after("fit", str(shipped_recipes()["iris"]), "--out", str(tmp_path / "run"), "-q")
    assert "sklearn" not in loaded


@pytest.mark.slow
def test_recipes_and_datasets_are_in_the_wheel(tmp_path: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            str(ROOT),
            "--no-deps",
            "--no-build-isolation",
            "-q",
            "-w",
            str(tmp_path),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {f"nntrain/{path.relative_to(ROOT / 'nntrain')}" for path in [*SOURCES, *ASSETS.iterdir()]}
    for folder in ("recipes", "datasets"):
        expected |= {f"nntrain/{folder}/{path.name}" for path in (ROOT / folder).iterdir()}
    expected |= {f"nntrain/docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}
    manual = f"nntrain-{__version__}.data/data/share/man/man1/nntrain.1"
    assert inside == expected | {"nntrain/py.typed", manual}
    # from the wheel alone, in an empty directory
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    listed = subprocess.run(
        [sys.executable, "-m", "nntrain", "recipes", "copy", "line"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout == "line.yaml\n"
    assert (tmp_path / "line.yaml").read_text() == (ROOT / "recipes" / "line.yaml").read_text()


@pytest.mark.exhaustive
def test_an_optimizer_is_one_new_file(tmp_path: Path) -> None:
    """As CONTRIBUTING.md adds one: it is in the schema and the list, it trains, and it is compared."""
    shutil.copytree(ROOT / "nntrain", tmp_path / "nntrain", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes")
    code = re.search(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    assert code is not None
    (tmp_path / "nntrain" / "optimizers" / "signum.py").write_text(code[1])

    def nntrain(*arguments: str) -> str:
        command = [sys.executable, "-m", "nntrain", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout

    assert "signum" in [optimizer["name"] for optimizer in json.loads(nntrain("list", "optimizers", "--json"))]
    assert '"signum"' in nntrain("schema")
    fit = ("fit", "recipes/moons.yaml", "--json", "-q", "--set", "optimizer={name: signum, lr: 0.005}")
    assert json.loads(nntrain(*fit))["test"]["accuracy"] > 0.9
    compare = ("compare", "recipes/moons.yaml", "--optimizers", "signum,adam", "--tune", "2", "--seeds", "2")
    found = json.loads(nntrain(*compare, "--set", "training.epochs=2", "--json", "-q"))
    assert {variant["name"] for variant in found["variants"]} == {"signum", "adam"}


def test_the_help_and_the_documentation_list_the_exit_statuses(nntrain: CommandLine) -> None:
    for text in (nntrain("--help").out, (ROOT / "docs" / "files.md").read_text()):
        assert all(str(int(status)) in text for status in Status)


def test_recipes_are_listed_and_copied(nntrain: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    listed = nntrain("recipes", "--json").json
    assert [recipe["name"] for recipe in listed] == sorted(shipped_recipes())
    assert all(len(recipe["about"]) > 20 for recipe in listed)
    assert "digits" in nntrain("recipes").out
    assert nntrain("recipes", "copy", "digits").out == "digits.yaml\n"
    assert nntrain("recipes", "copy", "digits").status == 2
    assert nntrain("recipes", "copy", "digits", "--overwrite").status == 0
    assert "did you mean digits?" in nntrain("recipes", "copy", "digit").err
    assert nntrain("recipes", "copy", "iris", "mine.yaml").out == "mine.yaml\n"
    assert Path("recipe.schema.json").exists()  # the copies' first lines name it
    assert nntrain("show", "mine.yaml").status == 0


@pytest.mark.parametrize(
    "family",
    [
        *("optimizers", "losses", "activations", "initializers", "schedules", "sources", "norms", "averages"),
        *("columns", "metrics", "functions", "diagnoses", "experiments"),
    ],
)
def test_list_names_what_there_is(nntrain: CommandLine, family: str) -> None:
    facts = nntrain("list", family, "--json").json
    table = nntrain("list", family).out
    assert facts
    for component in facts:
        assert component["name"] in table
        assert component["formula"] or family == "diagnoses"
        assert component["source"]
        for key, about in component["keys"].items():
            assert f"{key}: " in table
            assert about["about"]


def test_version(nntrain: CommandLine) -> None:
    assert nntrain("--version").out.startswith("nntrain 0.")
    verbose = nntrain("--version", "--verbose").out
    assert "numba" in verbose
    assert "Matrix products" in verbose
