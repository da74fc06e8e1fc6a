"""HDF5 files as the Gravitational Wave Open Science Center writes them: one detector in each."""

import io

import h5py
import numpy as np
import numpy.typing as npt

from models.strain_resnet.gwosc import GwoscError, read_gwosc
from pipeline.errors import DecodeError
from pipeline.streams.strain.quality import usable_samples
from pipeline.streams.strain.recorded import SIMULATED_SURVEY, Recorded

__all__ = ["read_hdf5", "write_hdf5"]


def read_hdf5(data: bytes) -> Recorded:
    """Return the strain in a file.

    Raises
    ------
    DecodeError
        If it is none of GWOSC, or has not one word of bits a second.
    """
    try:
        found = read_gwosc(data)
    except GwoscError as error:
        raise DecodeError(str(error)) from error
    words, samples = found.data_quality, found.strain.size
    if words.size * found.sample_rate_hz != samples:
        raise DecodeError(
            f"DQmask has {words.size} words for {samples} samples at {found.sample_rate_hz} Hz, "
            "and should have one a second"
        )
    is_simulated = "simulated" in found.description.casefold()
    return Recorded(
        survey=SIMULATED_SURVEY if is_simulated else "gwosc",
        detector=found.detector,
        gps_start_s=found.gps_start_s,
        sample_rate_hz=found.sample_rate_hz,
        strain=found.strain,
        usable=usable_samples(words, samples, "DQmask"),
    )


def write_hdf5(
    strain: npt.NDArray[np.float64],
    *,
    detector: str,
    gps_start_s: int,
    sample_rate_hz: int,
    words: npt.NDArray[np.int64],
    is_simulated: bool = False,
) -> bytes:
    """Return a file with strain and its data-quality bits; not with those of injections.

    Parameters
    ----------
    strain
        Shape ``(t,)``, whole seconds [dimensionless].
    detector
        Such as ``"H1"``.
    gps_start_s
        Time of the first sample [s GPS].
    sample_rate_hz
        Samples a second [Hz].
    words
        Bits of ``DQmask``, one word a second.
    is_simulated
        Say so in its description.
    """
    data = io.BytesIO()
    with h5py.File(data, "w") as file:
        series = file.create_dataset("strain/Strain", data=strain)
        series.attrs.update({"Xstart": gps_start_s, "Xspacing": 1 / sample_rate_hz})
        series.attrs.update({"Npoints": strain.size, "Xunits": "second", "Ylabel": "Strain"})
        mask = file.create_dataset("quality/simple/DQmask", data=words)
        mask.attrs.update({"Xstart": gps_start_s, "Xspacing": 1.0, "Npoints": words.size})
        file["meta/Description"] = (
            f"{'Simulated strain' if is_simulated else 'Strain'} of {detector}"
        )
        file["meta/Detector"] = detector
        file["meta/GPSstart"] = gps_start_s
        file["meta/Duration"] = words.size
    return data.getvalue()
