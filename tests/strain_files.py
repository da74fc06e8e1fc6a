"""Strain for tests: files as instruments write them, and the decoder of the stream."""

import numpy as np

from pipeline.decode import Decoder
from pipeline.schema_store import SchemaStore
from pipeline.streams import STREAMS
from pipeline.streams.strain.gwf import write_gwf
from pipeline.streams.strain.hdf5 import write_hdf5
from pipeline.streams.strain.messages import frame_message
from pipeline.wire import PacketReader

__all__ = ["GPS_S", "SECOND_NS", "gwf", "hdf5", "noise", "packet", "strain_decoder"]

GPS_S = 1_126_259_446
SECOND_NS = 1_000_000_000


def noise(samples, seed=1):
    return np.random.default_rng(seed).normal(0, 1e-21, samples)


def hdf5(
    *, detector="H1", seconds=1, rate_hz=4096, words=None, strain=None, gps_s=GPS_S, **options
):
    """Return a file as GWOSC writes it, all of it good unless the words say otherwise."""
    return write_hdf5(
        noise(seconds * rate_hz) if strain is None else strain,
        detector=detector,
        gps_start_s=gps_s,
        sample_rate_hz=rate_hz,
        words=np.array([127] * seconds if words is None else words),
        **options,
    )


def gwf(*detectors, seconds=1, rate_hz=16384, words=None, gps_s=GPS_S, **options):
    """Return a frame file like those of the live detectors."""
    names = detectors or ("H1",)
    return write_gwf(
        {name: noise(seconds * rate_hz, seed) for seed, name in enumerate(names)},
        gps_start_s=gps_s,
        sample_rate_hz=rate_hz,
        words={name: np.array([3] * seconds if words is None else words) for name in names},
        **options,
    )


def packet(data, file_format="gwosc_hdf5", **changes):
    """Return a container of a frame of one second of H1."""
    said = {
        "survey": "simulated strain",
        "detectors": ["H1"],
        "gps_start_ns": GPS_S * SECOND_NS,
        "duration_ns": SECOND_NS,
    }
    return frame_message(data, file_format, **(said | changes))


def strain_decoder():
    stream = STREAMS["strain"]
    return Decoder(stream, PacketReader(stream.formats, SchemaStore()))
