"""``python -m foveal`` is ``foveal``."""

from foveal.exits import program


def main() -> None:
    """Run the command line; signals are heard while it is being imported, too."""
    program(_command)


def _command() -> None:
    from foveal.cli import main

    main()


if __name__ == "__main__":
    main()
