"""Running strain to test with: simulated noise with bursts in it, and a network that hears bursts."""

from itertools import combinations

import numpy as np

from models.network import Network
from models.strain_resnet import STRAIN_RESNET
from models.strain_resnet.background import Background, Combination
from models.strain_resnet.noise_curves import DETECTORS
from models.strain_resnet.running import noise_of
from pipeline.core import Alert, NetworkInfo, Origin, Record
from pipeline.infer import Classifier
from pipeline.record_lane import RecordLane
from pipeline.running.lane import RunningLane
from pipeline.stream import Stream
from pipeline.streams.strain.hdf5 import write_hdf5
from tests.strain_files import strain_decoder

__all__ = [
    "BURST_S",
    "GPS_S",
    "INFO",
    "RATE_HZ",
    "SECONDS",
    "answers",
    "background",
    "both",
    "burst",
    "errors",
    "events",
    "frame",
    "pieces",
    "records",
    "running_lane",
    "strain_of",
]

GPS_S = 1_400_000_000
"""When the strain begins."""

RATE_HZ = 2048

SECONDS, BURST_S = 30, 20.3
"""How long most tests listen, and when the burst comes."""

LOUD = 12.0
"""Of whitened strain; noise has not more than 5."""

INFO = NetworkInfo(
    name="loudness",
    version="1",
    weights_sha256="0",
    runtime="python/float32",
    device="cpu",
    classes=("noise", "signal"),
    positive="signal",
    threshold=0.5,
    false_positive_rate=0.0,
)

STREAM = Stream(name="strain", network="loudness", formats=(), has_frames=True)


class Loudness:
    """Hears what is louder than noise ever is."""

    name, precision, device = "python", "float32", "cpu"
    batch_sizes = (1, 8, 32)

    def infer(self, inputs):
        odds = np.abs(inputs).max(axis=(1, 2)) - LOUD
        signal = 1 / (1 + np.exp(-odds))
        return np.stack([1 - signal, signal], axis=1).astype(np.float32)


def build():
    raise AssertionError("nobody trains it")


def background(detectors=DETECTORS):
    measured = Combination(
        live_time_s=7200.0, events=(0.0, 0.0), windows=28_800, loud_windows=(0.0, 0.0)
    )
    names = ["".join(d) for size in (1, 2, 3) for d in combinations(detectors, size)]
    return Background(
        weights_sha256="0",
        stride_s=0.25,
        data="none",
        combinations=dict.fromkeys(names, measured),
    )


def running_lane(measured=DETECTORS, info=INFO, **options):
    """Running strain of which the background of these detectors is known."""
    network = Network(
        name="loudness",
        classes=INFO.classes,
        positive="signal",
        sample_shape=STRAIN_RESNET.sample_shape,
        input_shape=STRAIN_RESNET.input_shape,
        preprocess=STRAIN_RESNET.preprocess,
        build=build,
    )
    records = RecordLane(STREAM, strain_decoder(), Classifier(network, Loudness(), info))
    settings = {"far_hz": 1 / 3600, "deadline_s": 5, "stride_s": 0.25}
    return RunningLane(records, background(measured), **settings | options)


def strain_of(detector, seconds, bursts=(), seed=1):
    """Noise of a detector, with bursts at these times after its start [s]."""
    rng = np.random.default_rng([seed, DETECTORS.index(detector)])
    strain = noise_of(rng, detector, seconds, RATE_HZ)
    for at_s in bursts:
        strain += burst(seconds, at_s)
    return strain


def burst(seconds, at_s):
    """A loud wave of 150 Hz that lasts for 20 ms."""
    time_s = np.arange(seconds * RATE_HZ) / RATE_HZ - at_s
    return 2e-20 * np.exp(-((time_s / 0.01) ** 2)) * np.cos(2 * np.pi * 150 * time_s)


def frame(detector, second, strain, *, seconds=1, words=None, later_s=0):
    """One message: so many seconds of the strain, `second` after its start, said to be later."""
    part = strain[second * RATE_HZ : (second + seconds) * RATE_HZ]
    return write_hdf5(
        part,
        detector=detector,
        gps_start_s=GPS_S + second + later_s,
        sample_rate_hz=RATE_HZ,
        words=np.full(seconds, 127, np.int64) if words is None else words,
        is_simulated=True,
    )


def both(h1, l1, seconds=range(SECONDS)):
    """The messages of two detectors, second by second."""
    return [frame(name, k, strain) for k in seconds for name, strain in (("H1", h1), ("L1", l1))]


def records(values, first=0):
    """Values as messages of one partition, one after the other."""
    return [Record(value, Origin("strain", 0, first + n)) for n, value in enumerate(values)]


def answers(lane, messages, *, end=True, memories=None):
    """What a lane says of messages one by one, as the loop would ask it, in the order of its answers."""
    found = []
    for message in messages:
        found += _judged(lane, lane.prepare([message]), memories)
    if end:
        found += _judged(lane, lane.end(), memories)
    return found


def _judged(lane, prepared, memories):
    found = []
    while prepared.items:
        some, prepared = prepared.divided(32)
        inputs = np.zeros((32, *STRAIN_RESNET.input_shape), np.float32)
        inputs[: len(some.inputs)] = some.inputs
        judged = lane.predict(some.items, inputs, len(some.inputs))
        found += [(step.record.origin.offset, answer) for step, answer in judged.answers()]
        if memories is not None:
            memories.append(judged.memories())
    return found


def events(found):
    """The events among answers."""
    return [answer for _, answer in found if isinstance(answer, Alert) and answer.kind == "event"]


def pieces(found):
    """All answers but events, each with the offset of its message: what was judged, and errors."""
    return [(offset, a) for offset, a in found if not isinstance(a, Alert) or a.kind == "piece"]


def errors(found):
    """The error of each message that has one, by its offset."""
    return {offset: answer for offset, answer in found if not isinstance(answer, Alert)}
