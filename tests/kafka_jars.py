"""Where the Java program of the test broker comes from.

`tests/pom.xml` names one release of Apache Kafka. Maven fetches it from Maven
Central once; the jars then stay in a cache outside git, in a folder named
after the hash of the POM, so an edited POM never meets old jars.
`python -m tests.kafka_jars` does this ahead of the tests.
"""

import base64
import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

__all__ = ["IDENTITY", "KafkaUnavailable", "find_java", "formatted_storage", "kafka_jars"]

POM = Path(__file__).with_name("pom.xml")
IDENTITY = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
}
"""The settings of a broker that its storage was formatted for."""

OLDEST_JAVA = 17  # what the brokers of Kafka 4 are compiled for


class KafkaUnavailable(Exception):
    """No broker can be had on this machine; the message says why, and what would help."""


def find_java() -> str:
    """Give the path of a Java that can run the broker."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin" if home else None) or shutil.which("java")
    if java is None:
        raise KafkaUnavailable("no Java (Debian: apt-get install default-jre-headless)")
    banner = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
    major = re.search(r'version "(\d+)', banner)
    if major is None or int(major[1]) < OLDEST_JAVA:
        raise KafkaUnavailable(
            f"{java} is too old: {OLDEST_JAVA} or newer is needed, {banner.splitlines()[0]}"
        )
    return java


def kafka_jars() -> Path:
    """Give the folder with the broker's jars, fetching them if this is the first time."""
    cache = Path(os.environ.get("SKYTRIAGE_CACHE", POM.parents[1] / ".cache"))
    version = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    jars = cache / "kafka" / version / "libs"
    if not jars.is_dir():
        _fetch(jars)
    return jars


def formatted_storage() -> Path:
    """Give a broker's empty storage, to copy: formatting takes half as long as starting it."""
    storage = kafka_jars().with_name("formatted")
    if not storage.is_dir():
        with _aside(storage) as target:
            settings = target.with_name("server.properties")
            addresses = {
                "listeners": "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093",
                "controller.quorum.voters": "1@127.0.0.1:9093",
                "log.dirs": str(target),
            }
            lines = (f"{key}={value}\n" for key, value in (IDENTITY | addresses).items())
            settings.write_text("".join(lines))
            cluster = base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
            command = [find_java(), "-cp", f"{kafka_jars()}/*", "kafka.tools.StorageTool", "format"]
            # One word: an id may begin with a dash, which would be read as an option.
            command += [f"--cluster-id={cluster}", f"--config={settings}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                said = (done.stdout + done.stderr).strip()
                raise KafkaUnavailable(f"the broker's storage was not formatted: {said}")
    return storage


@contextlib.contextmanager
def _aside(folder: Path) -> Iterator[Path]:
    """Make a folder beside its final place and rename it when it is complete.

    Two test runs may do this at once, and one that is interrupted must not
    leave half of it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        target = Path(scratch) / folder.name
        yield target
        try:
            target.rename(folder)
        except OSError:  # the other one was first
            if not folder.is_dir():
                raise


def _fetch(jars: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailable("no Maven to fetch Kafka with (Debian: apt-get install maven)")
    with _aside(jars) as target:
        command = [maven, "-q", "-B", "-f", str(POM), "--strict-checksums"]
        command += ["dependency:copy-dependencies", f"-DoutputDirectory={target}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        except subprocess.TimeoutExpired as error:
            raise KafkaUnavailable("Maven did not fetch Kafka within 15 minutes") from error
        if done.returncode != 0:
            errors = (line for line in done.stdout.splitlines() if "ERROR" in line)
            reason = next(errors, "it did not say why")
            raise KafkaUnavailable(f"Maven could not fetch Kafka from Maven Central: {reason}")


if __name__ == "__main__":
    try:
        find_java()
        formatted_storage()
    except KafkaUnavailable as error:
        sys.exit(f"Tests that need a Kafka broker will not run: {error}")
