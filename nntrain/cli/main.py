"""The entry point of the command line, and its error boundary.

Neither this module nor any command's module imports anything heavy at its top: ``nntrain --help`` must be instant.
"""

import os
import sys
import warnings
from copy import copy
from typing import Annotated, NoReturn

import typer

from nntrain import __version__
from nntrain.cli import (
    assert_,
    branch,
    compare,
    diagnose,
    dialects,
    diff,
    doctor,
    evaluate,
    experiment,
    export,
    fit,
    gradcheck,
    help_,
    import_,
    importance,
    init,
    inspect,
    list_,
    lr,
    overfit,
    plot,
    predict,
    recipes,
    replay,
    report,
    runs,
    schema,
    show,
    surface,
    trace,
    verify,
    why,
)
from nntrain.cli.completion import VARIABLE, complete
from nntrain.cli.interrupts import Interrupted, ending_at_once
from nntrain.cli.streams import give_up, prepare_streams
from nntrain.cli.usage import Commands
from nntrain.errors import InputError, NntrainError, Problem, Status, cannot_write

HELP = """Train, compare and debug multi-layer perceptrons.

Results go to standard output, everything else to standard error. Exit status: 0 success; 1 a requested check failed
(--require, gradcheck, overfit) or doctor found something; 2 invalid input (recipe, data, option); 3 training diverged;
4 a result could not be written; 130, 143 or 129 interrupted by Ctrl-C, SIGTERM or SIGHUP.
"""

app = typer.Typer(
    name="nntrain",
    cls=Commands,
    help=HELP,
    rich_markup_mode=None,  # plain help is twice as fast and leaves brackets alone
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def nntrain(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="With --version, also print library versions and the CPU.")
    ] = False,
) -> None:
    """Print the version, or run a command."""
    if version:
        from nntrain.cli.version import version_text

        typer.echo(version_text() if verbose else f"nntrain {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(Status.BAD_INPUT)


app.command("fit")(fit.command)
app.command("compare")(compare.command)
app.command("init")(init.command)
app.command("inspect")(inspect.command)
app.command("show")(show.command)
app.command("evaluate")(evaluate.command)
app.command("predict")(predict.command)
app.command("importance")(importance.command)
app.command("export")(export.command)
app.command("import")(import_.command)
app.command("list")(list_.command)
app.command("diagnose")(diagnose.command)
app.command("doctor")(doctor.command)
app.command("lr")(lr.command)
app.command("overfit")(overfit.command)
app.command("experiment")(experiment.command)
app.command("trace")(trace.command)
app.command("report")(report.command)
app.command("why")(why.command)
app.command("runs")(runs.command)
app.command("assert")(assert_.command)
app.command("diff")(diff.command)
app.command("branch")(branch.command)
app.command("replay")(replay.command)
app.command("verify")(verify.command)
app.command("plot")(plot.command)
app.command("surface")(surface.command)
app.command("gradcheck")(gradcheck.command)
app.command("dialects")(dialects.command)
app.add_typer(recipes.app, name="recipes")
app.command("schema")(schema.command)
app.command("help")(help_.command)

NAME = "nntrain"  # in messages, even under python -m nntrain


def main() -> NoReturn:
    """Run the command line and end the process with the documented exit status."""
    # Training has its own matrix products and threads, which would compete with those of NumPy's BLAS.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    prepare_streams()
    if not sys.warnoptions:
        # NumPy warns of overflow; results report non-finite numbers themselves
        warnings.filterwarnings("ignore", category=RuntimeWarning)
    try:
        with ending_at_once():
            if VARIABLE in os.environ:
                complete(lambda: app(prog_name=NAME))
            _with_command(sys.argv[1:2])(prog_name=NAME)
    except NntrainError as error:
        _end(f"nntrain: {error}", error.status)
    except Interrupted as error:
        _end("nntrain: interrupted", error.status)
    except MemoryError as error:  # at a size that no check foresaw
        what = f" ({error})" if str(error) else ""
        hint = "use fewer samples, fewer or narrower layers, or a smaller batch"
        _end(f"nntrain: not enough memory{what}: {hint}", Status.BAD_INPUT)
    except OSError as error:  # such as a full disk behind standard output
        what = "cannot open" if error.filename else "cannot write"
        found = cannot_write(error.filename or "standard output", error, what)
        _end(f"nntrain: {found}", found.status)
    except Exception as error:
        _end(f"nntrain: {_in_code(error)}", Status.BAD_INPUT)
    sys.exit(Status.DONE)


def _with_command(names: list[str]) -> typer.Typer:
    """Return the app with the named command alone, since making the parsers of all commands takes a while."""
    commands = [one for one in app.registered_commands if one.name in names]
    if not commands:
        return app
    found = copy(app)
    found.registered_commands, found.registered_groups = commands, []
    return found


def _in_code(error: Exception) -> NntrainError:
    """Return the error of a file of --code, with its line; raise any other again."""
    loaded = sys.modules.get("nntrain.recipe.code")
    place = None if loaded is None else loaded.place_of(error)
    if place is None:
        raise error
    return InputError(Problem(place, f"{type(error).__name__}: {' '.join(str(error).split())}"))


def _end(text: str, status: Status) -> NoReturn:
    try:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - the error boundary
    except OSError:
        give_up(sys.stderr)
    sys.exit(status)
