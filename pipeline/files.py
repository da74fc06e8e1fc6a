"""Packets on disk: which files of a folder are meant, and what messages they hold."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import groupby, islice
from pathlib import Path
from typing import TypeAlias

from pipeline.container import MAGIC, Header
from pipeline.errors import ConfigurationError, InvalidMessage
from pipeline.wire import join_containers, split_container

__all__ = ["FileMessage", "Found", "again", "find_files", "pack", "read_files", "read_messages"]

NOT_DATA = ("*.avsc", "*.csv", "*.json", "*.md", "*.py", "*.txt", "*.toml", "*.yaml", "*.yml")
"""What lies beside packets in a folder: schemas, labels, notes."""


@dataclass(frozen=True, slots=True)
class Found:
    """Files to read, and those of the folders that were passed over."""

    files: Sequence[Path]
    left_out: Mapping[Path, str]
    """With the kind of file that it is."""

    def describe_left_out(self) -> str:
        """Return how many of which kind were passed over, for a person.

        >>> Found([], {Path("a"): "*.avsc", Path("b"): "hidden", Path("c"): "*.avsc"}).describe_left_out()
        '2 *.avsc, 1 hidden'
        """
        kinds = Counter(self.left_out.values())
        return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())


@dataclass(frozen=True, slots=True)
class FileMessage:
    """A message that a file holds."""

    file: Path
    index: int
    """Which of the file's messages."""

    value: bytes
    error: InvalidMessage | None = None
    """Why the file cannot be taken for what its stream reads; `value` is then all of it."""

    key: bytes | None = None
    """What an instrument gives its messages, so that those of a kind keep their order."""

    partition: int = -1
    """Where it is to go; -1 leaves that to the key."""

    at_s: float | None = None
    """When to send it, after the first; None for as soon as possible [s]."""


ReadFile: TypeAlias = Callable[[Path, bytes], Iterator[bytes]]
"""As `pipeline.stream.Stream.read_file`."""


def find_files(paths: Sequence[Path], exclude: Sequence[str] = ()) -> Found:
    """Return the files that paths mean, in a fixed order.

    A file that is named is always taken.  Of a folder all files are, those in
    its folders too, in the order of their names; but not hidden ones, those
    that `NOT_DATA` lists, and those that `exclude` matches.

    Raises
    ------
    ConfigurationError
        If a path is not there, or there is no file at all.
    """
    files: list[Path] = []
    left_out: dict[Path, str] = {}
    for path in paths:
        if path.is_dir():
            for item in sorted(path.rglob("*")):
                if item.is_file():
                    kind = _left_out_as(item.relative_to(path), exclude)
                    if kind is None:
                        files.append(item)
                    else:
                        left_out[item] = kind
        elif path.exists():
            files.append(path)
        else:
            raise ConfigurationError(f"there is no {path}")
    if not files:
        places = ", ".join(str(path) for path in paths)
        raise ConfigurationError(f"there are no packets in {places}")
    return Found(files, left_out)


def _left_out_as(path: Path, exclude: Sequence[str]) -> str | None:
    """Return what kind of file is passed over here; None for a packet."""
    if any(part.startswith(".") for part in path.parts):
        return "hidden"
    patterns = (*NOT_DATA, *exclude)
    names = (path.name, str(path))
    return next((p for p in patterns if any(fnmatchcase(name, p) for name in names)), None)


def read_messages(file: Path, read_file: ReadFile | None = None) -> Iterator[FileMessage]:
    """Yield the messages of a file: one for each record of a container, else what its stream makes of it.

    What cannot be split or read is one message as it is.  The daemon sets it aside
    with the reason, so it is counted and nothing is lost.

    Parameters
    ----------
    read_file
        Makes messages of a file that is no container; without it, such a file is one message.

    Raises
    ------
    OSError
        If the file cannot be read at all.
    """
    data = file.read_bytes()
    index = 0
    try:
        for index, value in enumerate(_split(file, data, read_file)):
            yield FileMessage(file, index, value)
    except InvalidMessage as error:
        yield FileMessage(file, index, data, error)


def _split(file: Path, data: bytes, read_file: ReadFile | None) -> Iterable[bytes]:
    if data.startswith(MAGIC):
        return split_container(data)
    return [data] if read_file is None else read_file(file, data)


def read_files(
    files: Sequence[Path],
    read_file: ReadFile | None = None,
    *,
    unreadable: Callable[[Path, OSError], None],
) -> Iterator[FileMessage]:
    """Yield the messages of all files.

    Parameters
    ----------
    read_file
        As `read_messages` takes it.
    unreadable
        Called with each file that cannot be read.
    """
    for file in files:
        try:
            yield from read_messages(file, read_file)
        except OSError as error:
            unreadable(file, error)


def again(messages: Iterable[FileMessage], times: int) -> Iterator[FileMessage]:
    """Yield messages, and all over again until they came so many times."""
    kept: list[FileMessage] = []
    for message in messages:
        if times > 1:
            kept.append(message)
        yield message
    for _ in range(times - 1):
        yield from kept


def pack(messages: Iterable[FileMessage], most: int) -> Iterator[FileMessage]:
    """Put neighbouring records of one schema together, up to so many in a message.

    A message is called by its first record.  What is no container is passed on as it is.
    """
    for schema, run in groupby(messages, key=_schema):
        if schema is None:
            yield from run
            continue
        while group := list(islice(run, most)):
            first, *others = group
            value = join_containers([one.value for one in group]) if others else first.value
            yield FileMessage(first.file, first.index, value)


def _schema(message: FileMessage) -> bytes | None:
    is_container = message.error is None and message.value.startswith(MAGIC)
    return Header.read(message.value).schema if is_container else None
