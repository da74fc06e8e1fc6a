"""``python -m pipeline`` is ``skytriage``."""

from pipeline.cli import main

main()
