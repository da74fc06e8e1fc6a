"""Image, Compose, Prometheus, Grafana and settings name the same ports, files and addresses."""

import re
import tomllib

import pytest
import yaml

from pipeline.settings import PREFIX, Settings, read_settings
from tests.deployed import DEPLOY, ROOT
from tests.deployed_images import (
    CONFIG,
    GPU_COMPOSE,
    arguments_of,
    compose,
    copied,
    image_environment,
    mounts,
    unit,
)


@pytest.mark.parametrize(("service", "source", "target"), mounts())
def test_a_mounted_file_exists(service, source, target):
    assert (ROOT / source).exists()


@pytest.mark.parametrize("source", copied())
def test_what_the_image_copies_exists_and_is_sent_to_docker(source):
    sent = re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert (ROOT / source).exists()
    assert source in sent


def test_nothing_else_is_sent_to_docker():
    sent = re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(sent) == sorted(copied())


def test_the_image_has_all_packages_of_the_wheel():
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert set(wheel["targets"]["wheel"]["packages"]) <= set(copied())


def test_the_image_does_not_run_as_root():
    (user,) = arguments_of("USER")
    assert int(user) >= 1000


def test_metrics_are_served_and_scraped_on_the_same_port():
    prometheus = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    (job,) = prometheus["scrape_configs"]
    (target,) = job["dns_sd_configs"]
    assert target["names"] == ["skytriage"]
    assert target["names"][0] in compose()["services"]
    ports = {
        str(target["port"]),
        *arguments_of("EXPOSE"),
        image_environment()[f"{PREFIX}HTTP__PORT"],
        str(read_settings(CONFIG).http.port),
    }
    assert len(ports) == 1


def test_grafana_finds_prometheus_and_the_dashboard_where_compose_puts_them():
    provisioning = DEPLOY / "grafana" / "provisioning"
    source = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())
    provider = yaml.safe_load((provisioning / "dashboards" / "skytriage.yml").read_text())
    published = compose()["services"]["prometheus"]["ports"]
    port = published[0].split(":")[-1]
    assert source["datasources"][0]["url"] == f"http://prometheus:{port}"
    folder = provider["providers"][0]["options"]["path"]
    targets = {target for name, _, target in mounts() if name == "grafana"}
    assert f"{folder}/skytriage.json" in targets
    home = compose()["services"]["grafana"]["environment"]
    assert home["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] in targets


def test_the_rules_are_mounted_where_prometheus_looks_for_them():
    prometheus = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    targets = {target for name, _, target in mounts() if name == "prometheus"}
    assert {f"/etc/prometheus/{name}" for name in prometheus["rule_files"]} <= targets


def test_the_broker_advertises_the_addresses_that_its_clients_use():
    kafka = compose()["services"]["kafka"]
    advertised = dict(
        item.split("://") for item in kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    )
    inside = compose()["services"]["skytriage"]["environment"][f"{PREFIX}KAFKA__BOOTSTRAP_SERVERS"]
    outside = read_settings(CONFIG).kafka.common["bootstrap.servers"]
    assert advertised == {"HOST": outside, "COMPOSE": inside}
    assert inside in kafka["healthcheck"]["test"]
    assert kafka["ports"] == [f"127.0.0.1:{outside.split(':')[1]}:9092"]


def test_compose_and_the_tests_run_the_same_kafka():
    kafka = r"<groupId>org\.apache\.kafka</groupId>.*?<version>(.*?)</version>"
    versions = set(re.findall(kafka, (ROOT / "tests" / "pom.xml").read_text(), re.DOTALL))
    assert versions == {compose()["services"]["kafka"]["image"].split(":")[1]}


def test_the_daemon_is_given_longer_to_stop_than_it_needs_to_drain():
    drain_s = Settings.model_fields["drain_timeout_s"].default
    grace_s = float(compose()["services"]["skytriage"]["stop_grace_period"].removesuffix("s"))
    assert min(grace_s, float(unit("TimeoutStopSec")[0])) >= 1.5 * drain_s


@pytest.mark.parametrize(
    "environment",
    [
        image_environment(),
        compose()["services"]["skytriage"]["environment"],
        yaml.safe_load(GPU_COMPOSE.read_text())["services"]["skytriage"]["environment"],
    ],
    ids=["image", "Compose", "Compose with a GPU"],
)
def test_the_environment_consists_of_settings(environment, monkeypatch):
    example = read_settings(CONFIG)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert read_settings(CONFIG) != example


@pytest.mark.parametrize("service", ["kafka", "prometheus", "grafana"])
def test_compose_opens_ports_to_this_machine_alone(service):
    ports = compose()["services"][service]["ports"]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("service", ["kafka", "prometheus", "grafana"])
def test_compose_names_the_version_of_an_image(service):
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", compose()["services"][service]["image"])
