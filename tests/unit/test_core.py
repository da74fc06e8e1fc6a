"""The shared words."""

import uuid
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given

from pipeline.core import ALERT_NAMESPACE, alert_id
from tests.alert_strategies import alerts, make_alert


@given(alerts())
def test_an_alert_id_is_a_version_5_uuid(alert):
    made = uuid.UUID(alert.alert_id)

    assert (made.version, made.variant) == (5, uuid.RFC_4122)


def test_an_alert_id_never_changes():
    """It is in messages that were published: another value breaks readers that de-duplicate."""
    assert str(ALERT_NAMESPACE) == "ba75ca1d-51b2-536d-b826-cd8aa9e1aef4"
    assert make_alert(event_id=5).alert_id == "f2aed06e-9656-57a3-885f-09b6d776f0e8"


def test_each_delivery_of_a_judgement_has_the_same_id():
    alert = make_alert()
    again = replace(
        alert,
        origin=replace(alert.origin, offset=99),
        times=replace(alert.times, produced_us=0),
        is_replay=True,
        network=replace(alert.network, runtime="tensorflow/float32", device="GPU"),
    )

    assert again.alert_id == alert.alert_id


@pytest.mark.parametrize("change", [{"name": "other"}, {"version": "2"}])
def test_another_network_or_version_is_another_judgement(change):
    alert = make_alert()

    assert alert_id("ztf", "1", alert.network) != alert_id(
        "ztf", "1", replace(alert.network, **change)
    )


def test_the_same_number_of_two_surveys_is_two_events():
    network = make_alert().network

    assert alert_id("ztf", "1", network) != alert_id("lsst", "1", network)


@pytest.mark.parametrize(
    ("quality", "status"),
    [({}, "ok"), ({"nan_fraction": 0.0}, "ok"), ({"a": 0.0, "b": 0.01}, "degraded")],
)
def test_anything_mended_makes_an_alert_degraded(quality, status):
    assert make_alert(quality=quality).status == status


@pytest.mark.parametrize(("score", "is_alert"), [(0.5, True), (0.4999, False), (1.0, True)])
def test_a_score_at_the_threshold_is_an_alert(score, is_alert):
    assert make_alert(score=score).is_alert is is_alert


def test_what_flows_cannot_be_changed():
    alert = make_alert()

    with pytest.raises(FrozenInstanceError):
        alert.score = 0.0
