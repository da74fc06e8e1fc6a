import subprocess
import sys

import pytest

from pipeline.streams import STREAMS


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_found_by_its_name(name):
    assert STREAMS[name].name == name


@pytest.mark.parametrize("name", STREAMS)
def test_the_formats_of_a_stream_have_names_of_their_own(name):
    formats = [packet_format.name for packet_format in STREAMS[name].formats]

    assert len(set(formats)) == len(formats)


def test_streams_are_imported_without_astropy_and_tensorflow():
    program = "import sys, pipeline.streams, pipeline.decode; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()

    assert {"pipeline.fits", "pipeline.times"} <= set(loaded)
    assert {"astropy", "tensorflow", "keras", "httpx", "erfa"}.isdisjoint(loaded)
