"""The command line's one entry and its one error boundary.

Nothing heavy is imported here or at the top of any command's file: ``nntrain --help`` has to be instant.
"""

import os
import sys
import warnings
from typing import Annotated, NoReturn

import typer

from nntrain import __version__
from nntrain.cli import (
    compare,
    diagnose,
    dialects,
    evaluate,
    fit,
    gradcheck,
    list_,
    predict,
    recipes,
    report,
    schema,
    show,
    trace,
)
from nntrain.cli.completion import VARIABLE, complete
from nntrain.cli.interrupts import Interrupted, ending_at_once
from nntrain.cli.streams import give_up, prepare_streams
from nntrain.cli.usage import Commands
from nntrain.errors import NntrainError, Status, cannot_write

HELP = """Train, compare and debug multi-layer perceptrons.

Standard output carries the result, standard error all else. Exit status: 0 done; 1 a check that was asked for failed
(--require, gradcheck); 2 the input is wrong (recipe, data, option); 3 the training diverged; 4 a result could not be
written (a full disk, say); 130 interrupted by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP.
"""

app = typer.Typer(
    name="nntrain",
    cls=Commands,
    help=HELP,
    rich_markup_mode=None,  # plain help is twice as fast, and brackets in it stay what they are
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def nntrain(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="With --version: the libraries and the processor too.")
    ] = False,
) -> None:
    """Print the version, or hand over to a command."""
    if version:
        from nntrain.cli.version import version_text

        typer.echo(version_text() if verbose else f"nntrain {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(Status.BAD_INPUT)


app.command("fit")(fit.command)
app.command("compare")(compare.command)
app.command("show")(show.command)
app.command("evaluate")(evaluate.command)
app.command("predict")(predict.command)
app.command("list")(list_.command)
app.command("diagnose")(diagnose.command)
app.command("trace")(trace.command)
app.command("report")(report.command)
app.command("gradcheck")(gradcheck.command)
app.command("dialects")(dialects.command)
app.add_typer(recipes.app, name="recipes")
app.command("schema")(schema.command)

NAME = "nntrain"  # in messages, also of python -m nntrain


def main() -> NoReturn:
    """Run the command line and end the process with the documented exit status."""
    # Training has products and threads of its own. The threads of NumPy's BLAS would stand in their way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    prepare_streams()
    if not sys.warnoptions:
        # NumPy's, of numbers that overflow: every result says itself where it is not finite
        warnings.filterwarnings("ignore", category=RuntimeWarning)
    try:
        with ending_at_once():
            if VARIABLE in os.environ:
                complete(lambda: app(prog_name=NAME))
            app(prog_name=NAME)
    except NntrainError as error:
        _end(f"nntrain: {error}", error.status)
    except Interrupted as error:
        _end("nntrain: interrupted", error.status)
    except MemoryError as error:  # of a size that nobody foresaw
        what = f" ({error})" if str(error) else ""
        hint = "try fewer rows, fewer or narrower layers, or a smaller batch"
        _end(f"nntrain: not enough memory{what}: {hint}", Status.BAD_INPUT)
    except OSError as error:  # a full disk behind standard output, say
        what = "cannot open" if error.filename else "cannot write"
        found = cannot_write(error.filename or "standard output", error, what)
        _end(f"nntrain: {found}", found.status)
    sys.exit(Status.DONE)


def _end(text: str, status: Status) -> NoReturn:
    try:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - the error boundary
    except OSError:
        give_up(sys.stderr)
    sys.exit(status)
