"""Where the Java program of the test broker comes from.

`tests/pom.xml` names one release of Apache Kafka. Maven fetches it from Maven
Central once; the jars then stay in a cache outside git, in a folder named
after the hash of the POM, so an edited POM never meets old jars.
"""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

__all__ = ["KafkaUnavailable", "find_java", "kafka_jars"]

POM = Path(__file__).with_name("pom.xml")
OLDEST_JAVA = 17  # what the brokers of Kafka 4 are compiled for


class KafkaUnavailable(Exception):
    """No broker can be had on this machine; the message says why, and what would help."""


def find_java() -> str:
    """Give the path of a Java that can run the broker."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin" if home else None) or shutil.which("java")
    if java is None:
        raise KafkaUnavailable("no Java (Debian: apt-get install openjdk-17-jre-headless)")
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


def _fetch(jars: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailable("no Maven to fetch Kafka with (Debian: apt-get install maven)")
    jars.parent.mkdir(parents=True, exist_ok=True)
    # Fetched beside the final place and renamed: two test runs may do this at
    # once, and one that is interrupted must not leave half a broker.
    with tempfile.TemporaryDirectory(dir=jars.parent, ignore_cleanup_errors=True) as scratch:
        target = Path(scratch) / "libs"
        command = [maven, "-q", "-B", "-f", str(POM), "--strict-checksums"]
        command += ["dependency:copy-dependencies", f"-DoutputDirectory={target}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        except subprocess.TimeoutExpired as error:
            raise KafkaUnavailable("Maven did not fetch Kafka within 15 minutes") from error
        if done.returncode != 0:
            reason = next(
                (line for line in done.stdout.splitlines() if "ERROR" in line),
                "no reason given",
            )
            raise KafkaUnavailable(f"Maven could not fetch Kafka from Maven Central: {reason}")
        if not jars.is_dir():
            target.rename(jars)
