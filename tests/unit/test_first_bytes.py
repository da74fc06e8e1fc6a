"""What bytes look like, said to a person; and what that person reads who gave them to a stream."""

import gzip
import io
import tarfile
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.decode import Decoder
from pipeline.errors import InvalidMessage
from pipeline.files import read_messages
from pipeline.first_bytes import describe
from pipeline.fits_writer import image_hdu
from pipeline.schema_store import SchemaStore
from pipeline.simulation.hits import simulated_packets
from pipeline.streams import STREAMS
from pipeline.wire import PacketReader
from tests.strategies import container, record

PIXELS = np.zeros((4, 4), np.float32)
SCHEMA = record("radio.pulse", n="long")


def written(write):
    """Return what a function writes to a file."""
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def picture(kind):
    return written(lambda file: Image.new("L", (4, 4)).save(file, kind))


def tar(file):
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.avro"), io.BytesIO(b""))


def archive(file):
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a.avro", b"")


def hdf5(file):
    with h5py.File(file, "w") as made:
        made["strain"] = PIXELS


FITS = image_hdu(PIXELS)

KINDS = {
    "FITS": (FITS, "a FITS file"),
    "gzipped FITS": (gzip.compress(FITS), "gzip of a FITS file"),
    "JPEG": (picture("JPEG"), "a JPEG image"),
    "PNG": (picture("PNG"), "a PNG image"),
    "TIFF": (picture("TIFF"), "a TIFF image"),
    "HDF5": (written(hdf5), "an HDF5 file"),
    "GWF": (b"IGWD\0\x08\x04" + bytes(40), "a gravitational-wave frame file"),
    "GWF chunk": (b"PART,part_id=0,", "a chunk of a gravitational-wave frame file"),
    "npy": (written(lambda file: np.save(file, PIXELS)), "a NumPy array (.npy)"),
    "npz": (written(lambda file: np.savez(file, PIXELS)), "NumPy arrays (.npz)"),
    "packed npz": (
        written(lambda file: np.savez_compressed(file, a=PIXELS)),
        "NumPy arrays (.npz)",
    ),
    "zip": (written(archive), "a zip archive"),
    "tar": (written(tar), "a tar archive"),
    "gzipped tar": (gzip.compress(written(tar)), "gzip of a tar archive"),
    "Avro": (container(SCHEMA, {"n": 1}), "an Avro container of radio.pulse"),
    "Avro without records": (
        container(SCHEMA),
        "an Avro container of radio.pulse without records",
    ),
    "gzipped Avro": (
        gzip.compress(container(SCHEMA, {"n": 1})),
        "gzip of an Avro container of radio.pulse",
    ),
    "cut Avro": (container(SCHEMA)[:9], "a damaged Avro container"),
    "JSON": (b' {"candid": 1}', "JSON"),
    "HTML": (b"\n<html>", "XML or HTML"),
    "Parquet": (b"PAR1....", "a Parquet file"),
    "text": (b"not found", "text ('not found')"),
    "long text": (b"57774.4 2.5\n57774.5 2.6\n", "text ('57774.4 2.5\\n5777')"),
    "text that is no ASCII": ("Größe, 15 Zeichen µ".encode(), "text ('Größe, 15 Zeic')"),
    "empty": (b"", "empty"),
    "gzip of nothing": (gzip.compress(b""), "gzip of nothing"),
    "damaged gzip": (b"\x1f\x8b\x08" + b"\xff" * 9, "damaged gzip"),
    "Confluent frame": (
        b"\0\0\0\x03\xe8data",
        "unknown binary data (00 00 00 03 e8 64 61 74), perhaps Avro framed with schema id 1000",
    ),
    "numbers": (bytes(range(1, 20)), "unknown binary data (01 02 03 04 05 06 07 08)"),
}

EXPECTED = "this stream reads hits_candidate, lsst, ztf"


@pytest.mark.parametrize("kind", KINDS)
def test_what_instruments_send_is_named(kind):
    data, name = KINDS[kind]

    assert describe(data) == name


@given(st.binary(max_size=400))
def test_there_is_a_name_for_everything(data):
    assert describe(data)


@given(st.sampled_from([data for data, _ in KINDS.values()]), st.integers(0, 300))
def test_there_is_a_name_for_everything_that_is_cut_off(data, end):
    assert describe(data[:end])


def told(stream, path):
    """Return what a person reads of a file that is none of the stream's."""
    decoder = Decoder(stream, PacketReader(stream.formats, SchemaStore()))
    for message in read_messages(path, stream.read_file):
        if message.error is not None:
            return str(message.error)
        try:
            decoder.decode(message.value)
        except InvalidMessage as error:
            return str(error)
    return ""


PERHAPS_PACKETS = ("Avro", "Avro without records", "cut Avro", "Confluent frame")
NO_PACKETS = [kind for kind in KINDS if kind not in PERHAPS_PACKETS]


@pytest.mark.parametrize("kind", NO_PACKETS)
def test_a_file_given_to_the_stream_hits_is_named_and_so_is_what_was_expected(tmp_path, kind):
    path = tmp_path / "file"
    path.write_bytes(KINDS[kind][0])

    assert (
        told(STREAMS["hits"], path)
        == f"the message is {KINDS[kind][1]}, no Avro packet: {EXPECTED}"
    )


def test_packets_of_another_stream_are_named_and_so_is_what_was_expected(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(KINDS["Avro"][0])

    assert told(STREAMS["hits"], path) == (
        "this stream knows no packets like radio.pulse, with the fields n; "
        "it reads hits_candidate, lsst, ztf"
    )


def test_a_container_without_records_says_so(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(KINDS["Avro without records"][0])

    assert told(STREAMS["hits"], path) == "the Avro container of radio.pulse holds no record"


@pytest.mark.parametrize("name", [name for name in STREAMS if name != "hits"])
def test_packets_of_hits_given_to_another_stream_are_named(tmp_path, name):
    path = tmp_path / "file"
    path.write_bytes(next(simulated_packets(1, family="native")).data)

    assert "hits_candidate" in told(STREAMS[name], path)


@pytest.mark.parametrize("kind", ["Parquet", "text", "JSON", "tar", "empty"])
@pytest.mark.parametrize("name", STREAMS)
def test_what_no_stream_reads_is_named_by_each(tmp_path, name, kind):
    path = tmp_path / "file"
    path.write_bytes(KINDS[kind][0])

    assert KINDS[kind][1] in told(STREAMS[name], path)
