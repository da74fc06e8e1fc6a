"""Which files of a folder are meant, and what messages they hold."""

import io

import fastavro
import pytest

from pipeline.errors import ConfigurationError
from pipeline.files import again, find_files, pack, read_files, read_messages

SCHEMA = fastavro.parse_schema(
    {"type": "record", "name": "packet", "fields": [{"name": "n", "type": "long"}]}
)


def container(count, codec="null"):
    data = io.BytesIO()
    fastavro.writer(data, SCHEMA, [{"n": n} for n in range(count)], codec=codec)
    return data.getvalue()


@pytest.fixture
def folder(tmp_path):
    for name in (
        "b.avro",
        "a.avro",
        "night/2.avro",
        "night/1.avro",
        "no-suffix",
        "tar.tst.gz",
        "labels.csv",
        "README.md",
        "schemas/1.avsc",
        ".hidden",
        ".git/config",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def names(paths, folder):
    return [str(path.relative_to(folder)) for path in paths]


def test_all_packets_of_a_folder_are_taken_in_order(folder):
    found = find_files([folder])

    assert names(found.files, folder) == [
        "a.avro",
        "b.avro",
        "night/1.avro",
        "night/2.avro",
        "no-suffix",
        "tar.tst.gz",
    ]


def test_what_is_left_out_is_told(folder):
    found = find_files([folder])

    assert names(found.left_out, folder) == [
        ".git/config",
        ".hidden",
        "README.md",
        "labels.csv",
        "schemas/1.avsc",
    ]
    assert found.describe_left_out() == "2 hidden, 1 *.md, 1 *.csv, 1 *.avsc"


def test_a_file_that_is_named_is_always_taken(folder):
    found = find_files([folder / "labels.csv", folder / ".hidden"], exclude=["*"])

    assert names(found.files, folder) == ["labels.csv", ".hidden"]


@pytest.mark.parametrize("pattern", ["*.gz", "tar*"])
def test_more_can_be_left_out_by_name(folder, pattern):
    found = find_files([folder], exclude=[pattern])

    assert "tar.tst.gz" not in names(found.files, folder)
    assert "tar.tst.gz" in names(found.left_out, folder)


def test_a_folder_can_be_left_out(folder):
    assert "night/1.avro" not in names(find_files([folder], exclude=["night/*"]).files, folder)


def test_a_path_that_is_not_there_is_named(folder):
    with pytest.raises(ConfigurationError, match="gone"):
        find_files([folder, folder / "gone"])


def test_nothing_at_all_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match="no packets"):
        find_files([tmp_path])


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_each_record_of_a_container_is_a_message(tmp_path, codec):
    (tmp_path / "p").write_bytes(container(3, codec))
    messages = list(read_messages(tmp_path / "p"))

    assert [message.index for message in messages] == [0, 1, 2]
    assert [next(fastavro.reader(io.BytesIO(m.value))) for m in messages] == [
        {"n": 0},
        {"n": 1},
        {"n": 2},
    ]


@pytest.mark.parametrize("data", [b"", b"junk", b"\x00\x00\x00\x00\x01", container(2)[:-1]])
def test_what_cannot_be_split_is_one_message_as_it_is(tmp_path, data):
    (tmp_path / "p").write_bytes(data)

    assert [message.value for message in read_messages(tmp_path / "p")] == [data]


def test_a_file_that_cannot_be_read_is_told_and_the_others_follow(tmp_path):
    (tmp_path / "b").write_bytes(b"x")
    unreadable = []
    messages = list(
        read_files(
            [tmp_path / "a", tmp_path / "b"], unreadable=lambda path, _: unreadable.append(path)
        )
    )

    assert unreadable == [tmp_path / "a"]
    assert [message.file for message in messages] == [tmp_path / "b"]


def test_files_are_read_again_as_often_as_asked_for(tmp_path):
    (tmp_path / "a").write_bytes(container(2))
    messages = again(read_files([tmp_path / "a"], unreadable=lambda *_: None), 3)

    assert [message.index for message in messages] == [0, 1] * 3


def numbers(message):
    return [record["n"] for record in fastavro.reader(io.BytesIO(message.value))]


def test_records_of_one_schema_are_packed_in_their_order(tmp_path):
    (tmp_path / "a").write_bytes(container(5))
    (tmp_path / "b").write_bytes(container(2))
    messages = read_files([tmp_path / "a", tmp_path / "b"], unreadable=lambda *_: None)

    packed = list(pack(messages, 3))

    assert [numbers(message) for message in packed] == [[0, 1, 2], [3, 4, 0], [1]]
    assert [(m.file.name, m.index) for m in packed] == [("a", 0), ("a", 3), ("b", 1)]


def test_what_is_no_container_is_not_packed(tmp_path):
    contents = {"a": container(2), "b": b"junk", "c": container(2), "d": container(2)[:-1]}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    files = [tmp_path / name for name in contents]

    packed = list(pack(read_files(files, unreadable=lambda *_: None), 100))

    assert [m.value for m in packed[1::2]] == [b"junk", contents["d"]]
    assert [numbers(message) for message in packed[::2]] == [[0, 1], [0, 1]]


def test_records_of_another_schema_begin_another_message(tmp_path):
    other = {"type": "record", "name": "other", "fields": [{"name": "n", "type": "long"}]}
    data = io.BytesIO()
    fastavro.writer(data, other, [{"n": 7}, {"n": 8}])
    (tmp_path / "a").write_bytes(container(2))
    (tmp_path / "b").write_bytes(data.getvalue())
    messages = read_files([tmp_path / "a", tmp_path / "b"], unreadable=lambda *_: None)

    assert [numbers(message) for message in pack(messages, 100)] == [[0, 1], [7, 8]]
