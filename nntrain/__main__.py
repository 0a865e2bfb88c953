"""``python -m nntrain`` and the ``nntrain`` command."""

import signal

from nntrain.utils import garbage


def main() -> None:
    """Run the command line."""
    garbage.disable()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback from imports, or from the end of the interpreter
    from nntrain.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
