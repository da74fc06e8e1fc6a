"""Print what skytriage and the extras named on the command line need.

The image installs that first, so that a change of our code does not fetch
TensorFlow again: `python requirements.py gpu > requirements.txt`.
"""

import sys
import tomllib
from pathlib import Path


def requirements(pyproject: str, extras: list[str]) -> list[str]:
    """Return the requirements of the project and of its extras.

    >>> requirements('project.dependencies = ["numpy"]', [])
    ['numpy']

    Raises
    ------
    KeyError
        If there is no such extra.
    """
    project = tomllib.loads(pyproject)["project"]
    result = list(project["dependencies"])
    for extra in extras:
        result += project["optional-dependencies"][extra]
    return result


if __name__ == "__main__":
    text = Path("pyproject.toml").read_text()
    sys.stdout.write("\n".join(requirements(text, sys.argv[1:])) + "\n")
