"""Read a TOML file of an operator's, and say what is wrong with it: each key, and no secrets."""

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pipeline.errors import ConfigurationError

__all__ = ["SECRET", "faults", "read_toml"]

SECRET = re.compile(r"password|secret|token|\.pem$|oauthbearer\.config", re.IGNORECASE)
"""Keys whose values nobody may see."""


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a file holds.

    Raises
    ------
    ConfigurationError
        If it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not TOML: {error}") from error


def faults(path: Path, error: ValidationError, section: str = "") -> ConfigurationError:
    """Return the error that lists every fault of a file, with its key.

    To be raised ``from None``: the original error prints the input, secrets included.

    Parameters
    ----------
    section
        What the keys are in, such as ``"streams.hits."``; nothing for the whole file.
    """
    lines = [f"  {section}{_fault(item)}" for item in error.errors(include_url=False)]
    return ConfigurationError("\n".join([f"{path}:", *lines]))


def _fault(item: Any) -> str:
    key = ".".join(str(part) for part in item["loc"]) or "file"
    if item["type"] == "extra_forbidden":
        return f"{key}: there is no such setting"
    message = item["msg"].removeprefix("Value error, ")
    value = item.get("input")
    plain = isinstance(value, str | int | float) and not SECRET.search(key)
    return f"{key}: {message}" + (f" (got {value!r})" if plain else "")
