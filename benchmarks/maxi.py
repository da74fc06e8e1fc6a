"""What docs/maxi.md says of fluxes and of the cost of a message: ``python -m benchmarks.maxi``.

Everything goes through messages and the stream's own decoder.
"""

import time
from collections import defaultdict
from itertools import islice

import numpy as np

from models.maxi_flare.flux import BAND_KEV
from models.maxi_flare.simulate import Law, simulate
from models.maxi_flare.sky import DEG_PER_PIXEL, TYPICAL_EXPOSURE_CM2_S
from pipeline.decode import Decoder
from pipeline.schema_store import SchemaStore
from pipeline.simulation.maxi import simulated_packets
from pipeline.streams import STREAMS
from pipeline.streams.maxi.message import SIMULATED, Image, write_message
from pipeline.wire import PacketReader

LAWS_MCRAB = ((20, 60), (60, 200), (200, 1000), (1000, 8000))
FLARES = 600
"""Of each law."""

FORMATS = ("raw", "fits", "png", "jpeg")
"""In which simulated messages take turns."""

PACKETS, TIMES = 40, 7
"""Of each format, and how often each is decoded; its best time counts."""


def fluxes(decoder: Decoder, low_mcrab: float, high_mcrab: float) -> str:
    """Return a line of the table of fluxes: how often the interval holds the true one, how wide."""
    law = Law(flares=1.0, flux_mcrab=(low_mcrab, high_mcrab))
    made = simulate(np.random.default_rng(5), FLARES, law)
    held: defaultdict[bool, list[bool]] = defaultdict(list)
    widths = []
    for row in range(FLARES):
        image = Image(
            survey=SIMULATED,
            image_id=str(row),
            image=made.photons[row],
            format="raw",
            quantity="counts",
            pixel_deg=DEG_PER_PIXEL,
            band_kev=BAND_KEV,
            exposure_cm2_s=TYPICAL_EXPOSURE_CM2_S * float(made.depth[row]),
        )
        flux, truth = decoder.decode(write_message(image)).flux, float(made.flux_mcrab[row])
        if flux is None:
            raise AssertionError("counts with an exposure have a flux")
        plain = bool(made.kinds[row] == "plain")
        held[plain].append(flux.low_mcrab <= truth <= flux.high_mcrab)
        if plain:
            widths.append((flux.high_mcrab - flux.low_mcrab) / 2 / truth)
    shares = (f"{np.mean(held[plain]):.2f} ({len(held[plain])})" for plain in (True, False))
    return f"| {low_mcrab:,}-{high_mcrab:,} | {' | '.join(shares)} | {np.median(widths):.2f} |"


def cost_ms(decoder: Decoder, turn: int) -> float:
    """Return the CPU time of a message whose format has that turn: the median of the best [ms]."""
    packets = islice(simulated_packets(1), turn, PACKETS * len(FORMATS), len(FORMATS))
    best = []
    for packet in packets:
        spent = []
        for _ in range(TIMES):
            began = time.process_time()
            decoder.decode(packet.data)
            spent.append(time.process_time() - began)
        best.append(min(spent))
    return 1e3 * float(np.median(best))


def main() -> None:
    """Print the tables."""
    stream = STREAMS["maxi"]
    decoder = Decoder(stream, PacketReader(stream.formats, SchemaStore()))
    print("| flux [mCrab] | undisturbed | disturbed | half an interval / flux |")
    for law in LAWS_MCRAB:
        print(fluxes(decoder, *law), flush=True)
    for turn, name in enumerate(FORMATS):
        print(f"decode {name}: {cost_ms(decoder, turn):.2f} ms", flush=True)


if __name__ == "__main__":
    main()
