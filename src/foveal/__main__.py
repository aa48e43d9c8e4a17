"""``python -m foveal`` is ``foveal``."""

from foveal.cli import main

main()
