"""``python -m pipeline``: the same as ``skytriage``."""

from pipeline.cli import main

__all__: list[str] = []

if __name__ == "__main__":  # a spawned worker imports this module too
    main()
