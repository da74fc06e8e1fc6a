"""A made-up run for tests of the report."""

import numpy as np

from pipeline.core import Candidate, Event, EventTime, Origin, StageTimes
from pipeline.ledger import Account, Ledger
from pipeline.received import JudgingNetwork, ReceivedAlert
from pipeline.report.durations import latencies
from pipeline.report.page import Gallery, Report
from pipeline.report.pictures import PICTURES
from pipeline.report.seen import Exhibit, Letter, Seen, Truth
from pipeline.report.streams import by_stream
from pipeline.report.summary import Summary, confusion, errors, networks

__all__ = [
    "BEGIN_US",
    "account",
    "exhibit",
    "gallery",
    "ledger",
    "letter",
    "report",
    "seen",
    "summary",
]

BEGIN_US = 1_795_306_000_000_000

NETWORK = JudgingNetwork(
    name="deep_hits", version="1", weights_sha256="ab" * 32, runtime="openvino/float32", device="CPU"
)  # fmt: skip
STEPS_US = (900, 400, 2500, 300, 6000)


def seen(number=1, score=0.9, *, positive=True, kind="transient", event_id=None, family="ZTF",
         steps_us=STEPS_US, quality=None, meaning="start of exposure", stream="hits",
         flux=None, strain=None, detector=None, channel=None):  # fmt: skip
    begin_us = BEGIN_US + number * 5000
    received, decoded, inferred, produced, arrived = (begin_us + np.cumsum(steps_us)).tolist()
    alert = ReceivedAlert(
        alert_id=f"alert-{number}",
        stream=stream,
        survey="ztf",
        event_id=event_id or f"event-{number}",
        event_id_long=None,
        event_time=EventTime(2461041.5, "jd", "utc", meaning),
        ra_deg=150.1,
        dec_deg=-2.2,
        detector=detector,
        channel=channel,
        flux=flux,
        strain=strain,
        network=NETWORK,
        classification={"bogus": 1 - score, "real": score},
        score=score,
        threshold=0.5,
        false_positive_rate=0.01,
        status="degraded" if quality else "ok",
        quality=quality or {},
        times=StageTimes(None, begin_us, received, decoded, inferred, produced),
        source=Origin(stream, 0, number),
        schema_id="ztf 4.02",
        is_replay=False,
        batch_size=4,
    )
    truth = None if positive is None else Truth(is_positive=positive, kind=kind, snr=-12.3)
    return Seen(alert=alert, seen_us=arrived, family=family, truth=truth)


def exhibit(one, sample=None):
    sample = np.random.default_rng(1).normal(0, 5, (4, 21, 21)) if sample is None else sample
    event = Event(survey="ztf", event_id=one.alert.event_id)
    candidate = Candidate(event=event, sample=sample.astype(np.float32), quality={})
    return Exhibit(seen=one, pictures=PICTURES["hits"](candidate))


def letter(number=1, reason="it is cut off", broken="cut in half", beginning=b"Obj\x01"):
    return Letter(
        source=Origin("hits", 0, 1000 + number),
        stage="decode",
        error="DecodeError",
        reason=reason,
        size=77,
        beginning=beginning,
        broken=broken,
    )


def account(
    consumed=10, classified=9, dead_lettered=1, *, duplicates=0, topic="hits", stream="hits"
):
    return Account(
        stream=stream,
        topic=topic,
        partition=0,
        since=0,
        committed=consumed,
        consumed=consumed,
        is_tallied=True,
        classified=classified,
        dead_lettered=dead_lettered,
        duplicates=duplicates,
        lag=0,
    )


def ledger(*accounts, notes=()):
    return Ledger(accounts=accounts or (account(),), duplicates_allowed=False, notes=notes)


def summary(all_seen=(), letters=(), books=None, published=10, *, interrupted=False, **changed):
    end_to_end, stages = latencies(all_seen)
    values = {
        "created_us": BEGIN_US,
        "was_interrupted": interrupted,
        "daemon_died": False,
        "requested_rate_hz": 200.0,
        "requested_s": 30.0,
        "duration_s": 50.0,
        "published": published,
        "ledger": books or ledger(),
        "alerts": sum(one.alert.is_alert for one in all_seen),
        "degraded": sum(one.alert.status == "degraded" for one in all_seen),
        "broken": len(letters),
        "lasted_s": 30.0,
        "rate_hz": 199.0,
        "per_second": (180, 200, 20),
        "end_to_end": end_to_end,
        "stages": stages,
        "mean_batch": 3.2,
        "networks": networks(all_seen),
        "streams": by_stream({"hits": published}, books or ledger(), all_seen),
        "left_out": {},
        "confusion": confusion(all_seen),
        "families": {"ZTF": len(all_seen)},
        "dead_letters": errors(letters),
        "versions": {"skytriage": "0.1.0"},
        "machine": {"cores": 2},
    }
    return Summary(**{**values, **changed})


def gallery(title, all_seen=(), stream="hits"):
    exhibits = [exhibit(one) for one in all_seen]
    return Gallery(stream=stream, title=title, text="All.", exhibits=exhibits)


def report(all_seen=(), letters=(), **options):
    return Report(
        summary=summary(all_seen, letters, **options),
        seen=all_seen,
        galleries=[gallery("Alerts", all_seen)],
        letters=letters,
    )
