"""Image, Compose and systemd: linted, and run as processes where that is possible."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from pipeline.settings import PREFIX
from tests.conftest import unavailable
from tests.deployed import DEPLOY, ROOT
from tests.deployed_images import (
    COMPOSE,
    DOCKERFILE,
    GPU_COMPOSE,
    UNIT,
    arguments_of,
    compose,
    unit,
)

YAMLLINT = """
extends: default
rules:
  line-length: disable  # an expression or a sentence is one line
  document-start: disable
"""


def tool(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        unavailable(f"{name} is not installed")
    return found


def lint(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def daemon_commands() -> dict[str, list[str]]:
    """Return the command lines of ours that image, Compose and systemd run."""
    (start,) = unit("ExecStart")
    commands = {
        "Dockerfile": yaml.safe_load(arguments_of("CMD")[0]),
        "systemd": shlex.split(start)[1:],
    }
    for name in ("skytriage", "topics"):
        commands[f"Compose {name}"] = compose()["services"][name]["command"]
    return commands


# --- as their own tools see them


def test_compose_files_follow_the_compose_specification():
    checker = tool("check-jsonschema")
    lint(checker, "--builtin-schema", "vendor.compose-spec", str(COMPOSE), str(GPU_COMPOSE))


def test_yaml_is_written_as_yamllint_likes_it():
    lint(tool("yamllint"), "--strict", "-d", YAMLLINT, str(COMPOSE), str(DEPLOY))


def test_hadolint_finds_nothing_in_the_dockerfile():
    lint(tool("hadolint"), str(DOCKERFILE))


def test_systemd_accepts_the_unit(tmp_path):
    # systemd looks for the program, which is installed elsewhere.
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/skytriage/bin/skytriage", sys.executable))
    lint(tool("systemd-analyze"), "verify", "--man=no", str(copy))


# --- what they run


@pytest.mark.parametrize("command", daemon_commands().values(), ids=daemon_commands())
def test_a_command_line_is_one_of_ours(command):
    *words, config = command
    assert config == "/etc/skytriage/skytriage.toml"
    ours = [sys.executable, "-m", "pipeline", *words, "--help"]
    shown = subprocess.run(
        ours, cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    ).stdout
    assert "CONFIG" in shown


def test_the_image_starts_the_script_that_the_package_installs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (program,) = yaml.safe_load(arguments_of("ENTRYPOINT")[0])
    assert program in project["scripts"]
    assert unit("ExecStart")[0].startswith(f"/opt/skytriage/bin/{program} ")


@pytest.mark.parametrize(
    ("extra", "package"), [("", "confluent-kafka"), ("gpu", "tensorflow[and-cuda]")]
)
def test_the_image_installs_the_requirements_of_the_project_and_its_extras(extra, package):
    (run,) = (r for r in arguments_of("RUN") if "requirements.py" in r)
    program = run.split(" > ")[0].replace("python", sys.executable, 1).replace("$EXTRAS", extra)
    written = subprocess.run(
        shlex.split(program.replace("requirements.py", "deploy/requirements.py")),
        cwd=ROOT, check=True, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    assert re.search(rf"^{re.escape(package)}>=", written, re.MULTILINE)


class Health(BaseHTTPRequestHandler):
    """Answers /livez with the server's status and everything else with 404."""

    def do_GET(self):
        self.send_response(self.server.status if self.path == "/livez" else 404)
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def health():
    """A server that is as alive as its `status` says."""
    server = HTTPServer(("127.0.0.1", 0), Health)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_images_health_check_passes_if_and_only_if_the_daemon_is_alive(health, status, code):
    health.status = status
    (check,) = arguments_of("HEALTHCHECK")
    _, *arguments = json.loads(check.split("CMD ")[1])
    environment = {**os.environ, f"{PREFIX}HTTP__PORT": str(health.server_port)}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, check=False, capture_output=True, timeout=30
    )
    assert done.returncode == code
