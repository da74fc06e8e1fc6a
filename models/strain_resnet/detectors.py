"""Where the detectors are and what they hear: antenna patterns and light travel times.

Everything is fixed to the turning Earth: a source stands over a longitude and a latitude. Where it
is on the sky needs the time of day as well, and no simulated segment has one.

References
----------
Positions and arms as in LIGO-T980044 and Virgo's VIR-NOT-PIS-1390-216; polarisation angles as in
Anderson et al. 2001, Phys. Rev. D 63, 042003.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from numpy import ndarray

__all__ = ["DETECTOR_SITES", "LIGHT_M_PER_S", "Site", "antenna", "arrival_s", "light_travel_s"]

LIGHT_M_PER_S = 299_792_458.0

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One interferometer, in Earth-fixed Cartesian coordinates (WGS 84)."""

    name: str

    vertex_m: Vector
    """Position of the beam splitter [m]."""

    x_arm: Vector
    """Unit vector along the first arm."""

    y_arm: Vector
    """Unit vector along the second arm."""

    @property
    def response(self) -> Float64[ndarray, "3 3"]:
        """Half the difference of the arms' projectors: strain is its product with the wave."""
        x, y = np.asarray(self.x_arm), np.asarray(self.y_arm)
        tensor: Float64[ndarray, "3 3"] = (np.outer(x, x) - np.outer(y, y)) / 2
        return tensor


DETECTOR_SITES = (
    Site(
        name="H1",
        vertex_m=(-2_161_414.92636, -3_834_695.17889, 4_600_350.22664),
        x_arm=(-0.22389266154, 0.79983062746, 0.55690487831),
        y_arm=(-0.91397818574, 0.02609403989, -0.40492342125),
    ),
    Site(
        name="L1",
        vertex_m=(-74_276.04472380, -5_496_283.71970600, 3_224_257.01744000),
        x_arm=(-0.95457412153, -0.14158077340, -0.26218911324),
        y_arm=(0.29774156894, -0.48791033647, -0.82054461286),
    ),
    Site(
        name="V1",
        vertex_m=(4_546_374.0990, 842_989.69762600, 4_378_576.96241),
        x_arm=(-0.70045821479, 0.20848948619, 0.68256166277),
        y_arm=(-0.05379255368, -0.96908180549, 0.24080451708),
    ),
)
"""In the order of every detector axis."""


def antenna(
    longitude_rad: Float64[ndarray, " n"],
    latitude_rad: Float64[ndarray, " n"],
    polarisation_rad: Float64[ndarray, " n"],
) -> tuple[Float64[ndarray, "n 3"], Float64[ndarray, "n 3"]]:
    """Return the plus and the cross pattern of every detector, for sources over these places.

    Notes
    -----
    The long-wavelength limit: the wave is the same along a whole arm.
    """
    sin_lat, cos_lat = np.sin(latitude_rad), np.cos(latitude_rad)
    sin_lon, cos_lon = np.sin(longitude_rad), np.cos(longitude_rad)
    sin_psi, cos_psi = np.sin(polarisation_rad), np.cos(polarisation_rad)
    # the axes of the wave's own frame, both at right angles to the line of sight
    x = np.stack(
        [
            sin_lon * cos_psi - cos_lon * sin_lat * sin_psi,
            -cos_lon * cos_psi - sin_lon * sin_lat * sin_psi,
            cos_lat * sin_psi,
        ],
        axis=1,
    )
    y = np.stack(
        [
            -sin_lon * sin_psi - cos_lon * sin_lat * cos_psi,
            cos_lon * sin_psi - sin_lon * sin_lat * cos_psi,
            cos_lat * cos_psi,
        ],
        axis=1,
    )
    tensors = np.stack([site.response for site in DETECTOR_SITES])
    in_x, in_y, mixed = (
        np.einsum("na,dab,nb->nd", left, tensors, right) for left, right in ((x, x), (y, y), (x, y))
    )
    return in_x - in_y, 2 * mixed


def arrival_s(
    longitude_rad: Float64[ndarray, " n"], latitude_rad: Float64[ndarray, " n"]
) -> Float64[ndarray, "n 3"]:
    """Time of arrival at every detector after that at the centre of the Earth [s]."""
    cos_lat = np.cos(latitude_rad)
    towards_source = np.stack(
        [cos_lat * np.cos(longitude_rad), cos_lat * np.sin(longitude_rad), np.sin(latitude_rad)],
        axis=1,
    )
    vertices = np.array([site.vertex_m for site in DETECTOR_SITES])
    delay: Float64[ndarray, "n 3"] = -towards_source @ vertices.T / LIGHT_M_PER_S
    return delay


def light_travel_s(first: str, second: str) -> float:
    """Time that light takes from one detector to another [s]: no signal can be further apart.

    Examples
    --------
    >>> round(1000 * light_travel_s("H1", "L1"), 2)
    10.01
    """
    vertices = {site.name: np.asarray(site.vertex_m) for site in DETECTOR_SITES}
    return float(np.linalg.norm(vertices[first] - vertices[second]) / LIGHT_M_PER_S)
