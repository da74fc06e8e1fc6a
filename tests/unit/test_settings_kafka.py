"""Kafka clients from the settings."""

import pytest

from pipeline.errors import ConfigurationError
from pipeline.kafka import (
    admin_config,
    consumer_config,
    make_admin,
    make_consumer,
    make_producer,
    producer_config,
    without_secrets,
)
from pipeline.settings import Settings

# librdkafka would write its failures to connect on standard error.
QUIET = {"log_level": "0"}


def settings(consumer=None, producer=None, **common):
    kafka = {
        "bootstrap.servers": "127.0.0.1:1",
        **QUIET,
        **common,
        "consumer": consumer or {},
        "producer": producer or {},
    }
    return Settings(kafka=kafka, streams={"hits": {"topics": ["hits"]}})


def test_the_operator_s_options_go_before_our_defaults():
    chosen = settings(consumer={"auto.offset.reset": "latest"}, producer={"linger.ms": 20})

    assert consumer_config(chosen, group="g")["auto.offset.reset"] == "latest"
    assert producer_config(chosen, transactional_id=None)["linger.ms"] == "20"


def test_options_of_one_client_stay_from_the_other():
    chosen = settings(consumer={"fetch.min.bytes": 5}, producer={"linger.ms": 20})

    assert "linger.ms" not in consumer_config(chosen, group="g")
    assert "fetch.min.bytes" not in producer_config(chosen, transactional_id=None)
    assert "fetch.min.bytes" not in admin_config(chosen)


def test_a_consumer_reads_committed_messages_and_commits_none_itself():
    config = consumer_config(settings(), group="g")

    assert config["isolation.level"] == "read_committed"
    assert config["enable.auto.commit"] is False
    assert config["group.id"] == "g"


def test_a_transactional_producer_has_the_settings_timeout():
    config = producer_config(settings(), transactional_id="g.0")

    assert config["transactional.id"] == "g.0"
    assert config["transaction.timeout.ms"] == 15_000


def test_a_producer_without_transactions_still_never_repeats():
    config = producer_config(settings(), transactional_id=None)

    assert config["enable.idempotence"] is True
    assert "transactional.id" not in config


def test_the_caller_s_extras_are_last():
    config = consumer_config(settings(), group="g", extra={"isolation.level": "read_uncommitted"})

    assert config["isolation.level"] == "read_uncommitted"


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_librdkafka_takes_our_options_with_either_group_protocol(protocol):
    chosen = settings(consumer={"group.protocol": protocol})

    make_consumer(consumer_config(chosen, group="g")).close()


def test_librdkafka_takes_our_producer_and_admin_options():
    make_producer(producer_config(settings(), transactional_id="g.0"))
    make_admin(admin_config(settings()))


@pytest.mark.parametrize(
    "make",
    [
        lambda chosen: make_consumer(consumer_config(chosen, group="g")),
        lambda chosen: make_producer(producer_config(chosen, transactional_id=None)),
        lambda chosen: make_admin(admin_config(chosen)),
    ],
    ids=["consumer", "producer", "admin"],
)
def test_an_option_that_librdkafka_does_not_know_is_named(make):
    with pytest.raises(ConfigurationError, match=r"fetch\.mni\.bytes"):
        make(settings(**{"fetch.mni.bytes": "1"}))


def test_an_impossible_value_is_told_with_its_option():
    chosen = settings(consumer={"fetch.min.bytes": "many"})

    with pytest.raises(ConfigurationError, match=r"fetch\.min\.bytes"):
        make_consumer(consumer_config(chosen, group="g"))


def test_a_secret_that_librdkafka_refuses_is_not_shown():
    secret = {"security.protocol": "ssl", "ssl.key.pem": "hunter2 is no key"}

    with pytest.raises(ConfigurationError, match="PEM") as error:
        make_producer(producer_config(settings(**secret), transactional_id=None))

    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None


def test_all_secrets_are_taken_out_of_a_text():
    config = {"sasl.password": "one", "ssl.key.password": "two", "client.id": "three"}

    assert without_secrets("one two three", config) == "*** *** three"
