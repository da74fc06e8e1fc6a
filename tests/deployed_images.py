"""What the image, Compose and systemd say, for the tests that hold them together."""

import re
from functools import cache
from typing import Any

import yaml

from pipeline.settings import PREFIX
from tests.deployed import DEPLOY, ROOT

DOCKERFILE = DEPLOY / "Dockerfile"
COMPOSE = ROOT / "docker-compose.yml"
GPU_COMPOSE = DEPLOY / "gpu.compose.yml"
UNIT = DEPLOY / "systemd" / "skytriage.service"
CONFIG = DEPLOY / "skytriage.toml"


@cache
def compose() -> dict[str, Any]:
    """Return docker-compose.yml."""
    return yaml.safe_load(COMPOSE.read_text())


@cache
def instructions() -> tuple[tuple[str, str], ...]:
    """Return the Dockerfile's instructions, each with its argument on one line."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    return tuple(tuple(line.split(" ", 1)) for line in lines if line)


def arguments_of(instruction: str) -> list[str]:
    """Return the arguments of every instruction of that name in the Dockerfile."""
    return [argument for name, argument in instructions() if name == instruction]


def unit(key: str) -> list[str]:
    """Return the values of a key in the systemd unit."""
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


def mounts() -> list[tuple[str, str, str]]:
    """Return service, source and target of every file that Compose mounts."""
    return [
        (name, source, target)
        for name, service in compose()["services"].items()
        for source, target, *_ in (mount.split(":") for mount in service.get("volumes", ()))
        if source.startswith(".")
    ]


def copied() -> list[str]:
    """Return what the image copies from the folder that it is built in."""
    return [
        source
        for argument in arguments_of("COPY")
        if not argument.startswith("--from")
        for source in argument.split()[:-1]
    ]


def image_environment() -> dict[str, str]:
    """Return the settings that the image makes."""
    pairs = (pair.split("=", 1) for env in arguments_of("ENV") for pair in env.split())
    return {name: value for name, value in pairs if name.startswith(PREFIX)}
