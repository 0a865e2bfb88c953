"""``python -m nntrain`` and the ``nntrain`` command."""

import gc


def main() -> None:
    """Run the command line.

    All that is imported stays, and looking through it for garbage takes 50 ms: training is what turns that on.
    """
    gc.disable()
    from nntrain.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
