"""What an operator sets: read, overridden, refused, and kept secret."""

import pickle

import pytest

from pipeline.errors import ConfigurationError
from pipeline.settings import Settings, read_settings

PLAIN = """
[kafka]
bootstrap.servers = "broker:9092"
[streams.hits]
topics = ["hits"]
"""

EVERYTHING = """
group = "night"
instance = "dome-1"
delivery = "at_least_once"
commit_interval_ms = 50
transaction_timeout_ms = 20000
drain_timeout_s = 10.0
[kafka]
bootstrap.servers = "broker:9092"
security_protocol = "sasl_ssl"
sasl.password = "hunter2"
socket.keepalive.enable = true
log_level = 3
[kafka.consumer]
fetch.min.bytes = 5
[kafka.producer]
linger.ms = 7
[streams.hits]
topics = ["hits", "^ztf_"]
wire = "confluent"
schema_file = "packet.avsc"
weights = "weights"
[schemas]
registry = "http://user:hunter2@registry:8081"
directory = "schemas"
[output]
wire = "elasticc"
classifications = "c"
alerts = "a"
dead_letters = "d"
[workers]
count = 3
device = "gpu:1"
runtime = "tensorflow"
precision = "float32"
threads = 2
max_batch = 64
start_timeout_s = 1.0
stall_timeout_s = 2.0
max_restarts = 0
restart_window_s = 3.0
[http]
host = "0.0.0.0"
port = 0
[log]
level = "debug"
format = "console"
"""


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Read a text as a configuration, under an environment."""

    def read_text(text=PLAIN, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(f"SKYTRIAGE__{name}", value)
        path = tmp_path / "night.toml"
        path.write_text(text)
        return read_settings(path)

    return read_text


def test_a_broker_and_a_topic_are_enough(read):
    settings = read()

    assert settings.kafka.common == {"bootstrap.servers": "broker:9092"}
    assert settings.streams["hits"].topics == ["hits"]
    assert settings.delivery == "effectively_once"


def test_every_section_is_read(read):
    settings = read(EVERYTHING)

    assert (settings.group, settings.instance, settings.delivery) == (
        "night",
        "dome-1",
        "at_least_once",
    )
    assert settings.kafka.common == {
        "bootstrap.servers": "broker:9092",
        "security.protocol": "sasl_ssl",
        "sasl.password": "hunter2",
        "socket.keepalive.enable": "true",
        "log_level": "3",
    }
    assert settings.kafka.consumer == {"fetch.min.bytes": "5"}
    assert settings.kafka.producer == {"linger.ms": "7"}
    assert settings.streams["hits"].wire == "confluent"
    assert str(settings.schemas.directory) == "schemas"
    assert settings.output.dead_letters == "d"
    assert (settings.workers.count, settings.workers.device) == (3, "gpu:1")
    assert settings.http.port == 0
    assert settings.log.level == "debug"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("groups = 'x'", "groups"),
        ("[stream]\nx = 1", "stream"),
        ("[workers]\ncuont = 2", "workers.cuont"),
        ("[output]\ndeadletters = 'x'", "output.deadletters"),
        ("[schemas]\nregistri = 'x'", "schemas.registri"),
        ("[http]\nprot = 1", "http.prot"),
        ("[log]\nlevels = 'info'", "log.levels"),
        ("[streams.maxi]\ntopics = ['m']\ntopic = 'm'", "streams.maxi.topic"),
    ],
)
def test_an_unknown_key_is_named(read, line, key):
    text = f"{line}\n{PLAIN}" if not line.startswith("[") else f"{PLAIN}\n{line}"

    with pytest.raises(ConfigurationError, match=f"{key}: there is no such setting"):
        read(text)


def test_all_faults_are_told_at_once(read):
    with pytest.raises(ConfigurationError) as error:
        read(PLAIN + "[workers]\ncount = 0\nmax_batch = 5000\ndevice = 'tpu'")

    told = str(error.value)
    assert "workers.count" in told
    assert "workers.max_batch" in told
    assert "workers.device" in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[streams.hits]\ntopics = ['x']", "kafka: Field required"),
        ("[kafka]\nbootstrap.servers = 'x'", "streams: Field required"),
        ("[kafka]\nclient.id = 'x'\n[streams.hits]\ntopics = ['x']", "bootstrap.servers"),
        (PLAIN.replace('["hits"]', "[]"), "streams.hits.topics"),
        (PLAIN + "[streams.maxi]\ntopics = ['hits']", "'hits' belongs to both hits and maxi"),
        ("this is not TOML", "is not TOML"),
    ],
)
def test_what_cannot_be_is_told(read, text, words):
    with pytest.raises(ConfigurationError, match=words):
        read(text)


@pytest.mark.parametrize(
    "key",
    [
        "enable.auto.commit",
        "enable.idempotence",
        "group.id",
        "isolation.level",
        "transactional.id",
        "transaction.timeout.ms",
    ],
)
@pytest.mark.parametrize("section", ["", "consumer.", "producer."])
def test_options_that_carry_our_promises_cannot_be_set(read, section, key):
    with pytest.raises(ConfigurationError, match=f'"{key}" cannot be set'):
        read(PLAIN.replace("[streams", f"{section}{key} = 'x'\n[streams"))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"gone\.toml: No such file"):
        read_settings(tmp_path / "gone.toml")


@pytest.mark.parametrize(
    ("name", "value", "get"),
    [
        ("GROUP", "g2", lambda s: s.group == "g2"),
        ("WORKERS__COUNT", "2", lambda s: s.workers.count == 2),
        ("OUTPUT__ALERTS", "a2", lambda s: s.output.alerts == "a2"),
        ("LOG__LEVEL", "debug", lambda s: s.log.level == "debug"),
        ("HTTP__PORT", "0", lambda s: s.http.port == 0),
        ("SCHEMAS__DIRECTORY", "d", lambda s: str(s.schemas.directory) == "d"),
        ("KAFKA__SASL_PASSWORD", "p", lambda s: s.kafka.common["sasl.password"] == "p"),
        (
            "KAFKA__BOOTSTRAP_SERVERS",
            "b:1",
            lambda s: s.kafka.common["bootstrap.servers"] == "b:1",
        ),
        (
            "KAFKA__CONSUMER__FETCH_MIN_BYTES",
            "9",
            lambda s: s.kafka.consumer["fetch.min.bytes"] == "9",
        ),
    ],
)
def test_the_environment_goes_before_the_file(read, name, value, get):
    assert get(read(**{name: value}))


def test_an_unknown_variable_is_named(read):
    with pytest.raises(ConfigurationError, match="SKYTRIAGE__WROKERS__COUNT"):
        read(WROKERS__COUNT="2")


@pytest.mark.parametrize("show", [repr, str], ids=["repr", "str"])
def test_secrets_are_not_shown(read, show):
    assert "hunter2" not in show(read(EVERYTHING))


@pytest.mark.parametrize(
    ("line", "environment"),
    [
        ("[workers]\ncount = 0", {}),
        ("", {"WORKERS__COUNT": "many"}),
        ("", {"KAFKA__ENABLE_IDEMPOTENCE": "no"}),
    ],
)
def test_secrets_are_in_no_error(read, line, environment):
    text = PLAIN.replace("[streams", 'sasl.password = "hunter2"\n[streams') + line

    with pytest.raises(ConfigurationError) as error:
        read(text, **environment)

    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None, "the cause would print the whole file"


def test_settings_travel_to_the_workers(read):
    settings = read(EVERYTHING)

    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301 - our own


def test_settings_cannot_be_changed():
    settings = Settings(kafka={"bootstrap.servers": "b:1"}, streams={"hits": {"topics": ["hits"]}})

    with pytest.raises(ValueError, match="frozen"):
        settings.group = "x"


def test_a_section_that_is_a_number_is_named(tmp_path):
    path = tmp_path / "skytriage.toml"
    path.write_text('kafka = 5\n[streams.hits]\ntopics = ["a"]\n')
    with pytest.raises(ConfigurationError, match="kafka: it must be a section"):
        read_settings(path)


def test_an_environment_variable_that_is_no_section_is_named(tmp_path, monkeypatch):
    path = tmp_path / "skytriage.toml"
    path.write_text('[kafka]\nbootstrap.servers = "a"\n[streams.hits]\ntopics = ["a"]\n')
    monkeypatch.setenv("SKYTRIAGE__KAFKA", "{bad json")
    with pytest.raises(ConfigurationError, match="kafka"):
        read_settings(path)
