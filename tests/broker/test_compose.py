"""What docker-compose.yml tells Kafka, held against a real one of the same release."""

from confluent_kafka.admin import ConfigResource, ResourceType

from tests.deployed_images import compose


def test_kafka_knows_every_setting_that_compose_makes(broker):
    admin = broker.admin()
    node = str(next(iter(admin.list_topics(timeout=10).brokers)))
    resource = ConfigResource(ResourceType.BROKER, node)
    (known,) = admin.describe_configs([resource], request_timeout=10).values()
    names = {
        name.removeprefix("KAFKA_").lower().replace("_", ".")
        for name in compose()["services"]["kafka"]["environment"]
    }
    assert sorted(names - set(known.result(10))) == []
