"""Name the machine and the versions that a figure belongs to."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import confluent_kafka

from models.runtime import cpu_model
from pipeline.supervisor import cores

__all__ = ["describe_machine", "machine_line"]

_PACKAGES = ("skytriage", "openvino", "tensorflow", "keras", "confluent-kafka", "fastavro", "numpy")


def describe_machine() -> dict[str, Any]:
    """Return what the figures depend on, and how busy the machine was before them."""
    return {
        "cpu": cpu_model() or platform.processor(),
        "cores": cores(),
        "memoryGb": _memory_gb(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _PACKAGES}
        | {"librdkafka": confluent_kafka.libversion()[0]},
        "loadBefore": round(os.getloadavg()[0], 2),
    }


def machine_line(machine: dict[str, Any]) -> str:
    """Return the same in one line, for a person."""
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memoryGb']} GB,"
        f" {machine['system']}, Python {machine['python']}, {versions};"
        f" load {machine['loadBefore']} before it began"
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _memory_gb() -> int | None:
    """Memory of the machine, rounded [GB]; None where the system does not tell."""
    try:
        first = Path("/proc/meminfo").read_text(encoding="ascii").split()
    except OSError:
        return None
    return round(int(first[1]) / 1e6)  # MemTotal, in kB
