"""``python -m nntrain`` and the ``nntrain`` command."""

import gc
import signal


def main() -> None:
    """Run the command line.

    All that is imported stays, and looking through it for garbage takes 50 ms: training is what turns that on.
    """
    gc.disable()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback of what is being imported, or torn down at the end
    from nntrain.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
