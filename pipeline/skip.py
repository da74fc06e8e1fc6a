"""Step over Avro values without reading them.

Most of an alert packet is the history of its object, which no network of ours asks for.
fastavro steps over a value by decoding it.  Counting bytes is three times as fast, and it ends:
an array whose corrupt count promises 2**60 numbers is one multiplication here, and a loop there.

A `Skip` takes the data and the position of a value, and returns the position behind it.  That
may lie past the end of the data, which the caller must check; it never goes back, and never
loops without consuming a byte.

A record is flattened to a list of steps, which `_function` runs.  This is the hot loop of the
whole daemon, so runs of nullable numbers, which a light curve is made of, are one step.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from pipeline.errors import DecodeError

__all__ = ["Skip", "read_varint", "skipper"]

Skip: TypeAlias = Callable[[bytes, int], int]

_Step: TypeAlias = tuple[int, Any]

_NUMBERS = 0
"""Unions whose branches have fixed sizes: for each one, index byte to size of the whole [byte]."""

_INTEGER = 1
_NULLABLE_INTEGER = 2
"""With the index byte of null; that of the integer is ``2 - null``."""

_STRING = 3
_NULLABLE_STRING = 4
_FIXED = 5
"""With the size [byte]."""

_CALL = 6
"""With a `Skip`."""

_PRIMITIVE: Mapping[str, _Step] = {
    "null": (_FIXED, 0),
    "boolean": (_FIXED, 1),
    "float": (_FIXED, 4),
    "double": (_FIXED, 8),
    "int": (_INTEGER, None),
    "long": (_INTEGER, None),
    "enum": (_INTEGER, None),
    "bytes": (_STRING, None),
    "string": (_STRING, None),
}

_MORE = 0x80
"""The bit of a varint's byte that says that another byte follows."""

_LONGEST_VARINT = 10
"""Bytes that 64 bits take at 7 bits a byte."""

_MOST_BRANCHES = 64
"""The index of a branch is then a single byte: 0, 2, 4, ... for the first, second, third."""


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """Return Avro's integer at a position, and the position behind it.

    >>> read_varint(bytes([3, 0xD8, 4]), 1)
    (300, 3)
    """
    value = shift = 0
    for end in range(at, at + _LONGEST_VARINT):
        byte = data[end]
        value |= (byte & 0x7F) << shift
        if byte < _MORE:
            return (value >> 1) ^ -(value & 1), end + 1
        shift += 7
    raise DecodeError(f"the integer at byte {at} is longer than 64 bits")


def skipper(schema: Any, names: Mapping[str, Any]) -> Skip:
    """Return the function that steps over one value.

    Parameters
    ----------
    schema
        The value's schema as ``fastavro.parse_schema`` leaves it: every name is a full name.
    names
        Full name to definition.

    Raises
    ------
    DecodeError
        If the schema contains itself, or has arrays of nothing: no packet needs either, and a
        short message could then keep us busy for ever.
    """
    return _function(_steps(schema, names, ()))


def _steps(schema: Any, names: Mapping[str, Any], inside: tuple[str, ...]) -> list[_Step]:
    """Flatten a schema to steps. ``inside`` names the records that we are in."""
    if isinstance(schema, list):
        return [_union([_steps(branch, names, inside) for branch in schema])]
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind in ("record", "error"):
        return _record(schema, names, inside)
    match kind:
        case "array":
            steps = [_blocks(_steps(schema["items"], names, inside))]
        case "map":
            values = _steps(schema["values"], names, inside)
            steps = [_blocks([(_STRING, None), *values])]
        case "fixed":
            size = schema["size"]
            if not isinstance(size, int) or size < 0:
                raise DecodeError(f"the schema has a type of {size!r} bytes")
            steps = [(_FIXED, size)]
        case str() if kind in _PRIMITIVE:
            steps = [_PRIMITIVE[kind]]
        case _:
            named = names[kind] if isinstance(kind, str) else kind
            steps = _steps(named, names, inside)
    return steps


def _record(
    schema: Mapping[str, Any], names: Mapping[str, Any], inside: tuple[str, ...]
) -> list[_Step]:
    name = schema["name"]
    if name in inside:
        raise DecodeError(f"the schema's record {name} contains itself")
    inside = (*inside, name)
    fields = [_steps(field["type"], names, inside) for field in schema["fields"]]
    return _joined([step for steps in fields for step in steps])


def _joined(steps: Sequence[_Step]) -> list[_Step]:
    """Join runs of unions of numbers, and fixed sizes to what is before them."""
    nothing: _Step = (_CALL, None)
    joined: list[_Step] = []
    for kind, what in steps:
        last, before = joined[-1] if joined else nothing
        if kind == _FIXED and last == _FIXED:
            joined[-1] = (_FIXED, before + what)
        elif kind == _FIXED and last == _NUMBERS:
            *others, sizes = before
            longer = {index: size + what for index, size in sizes.items()}
            joined[-1] = (_NUMBERS, (*others, longer))
        elif kind == _NUMBERS and last == _NUMBERS:
            joined[-1] = (_NUMBERS, before + what)
        else:
            joined.append((kind, what))
    return joined


def _fixed_size(steps: Sequence[_Step]) -> int | None:
    """Return the size [byte] if every value has the same."""
    return sum(size for _, size in steps) if all(kind == _FIXED for kind, _ in steps) else None


def _union(branches: Sequence[list[_Step]]) -> _Step:
    if len(branches) > _MOST_BRANCHES:
        raise DecodeError(f"the schema has a union of {len(branches)} types")
    sizes = [_fixed_size(branch) for branch in branches]
    if None not in sizes:
        return _NUMBERS, ({2 * index: 1 + (size or 0) for index, size in enumerate(sizes)},)
    if len(branches) == 2 and 0 in sizes:  # noqa: PLR2004 - a nullable something
        null = sizes.index(0)
        match branches[1 - null]:
            case [(kind, _)] if kind in (_INTEGER, _STRING):
                return kind + 1, 2 * null
    functions = {2 * index: _function(branch) for index, branch in enumerate(branches)}
    return _CALL, lambda data, at: functions[data[at]](data, at + 1)


def _blocks(steps: list[_Step]) -> _Step:
    """Return the step over an array or a map, whose items come in counted blocks."""
    size = _fixed_size(steps)
    if size == 0:
        raise DecodeError("the schema has an array whose items take no bytes")
    item = _function(steps)

    def skip(data: bytes, at: int) -> int:
        while True:
            count, at = read_varint(data, at)
            if count == 0:
                return at
            if count < 0:  # the size of the block follows
                at = _skip_string(data, at)
            elif size is not None:
                at += count * size
            else:
                for _ in range(count):
                    at = item(data, at)

    return _CALL, skip


def _skip_string(data: bytes, at: int) -> int:
    length = data[at]
    if length < _MORE and not length & 1:  # the usual case: fewer than 64 bytes
        return at + 1 + (length >> 1)
    length, at = read_varint(data, at)
    if length < 0:
        raise DecodeError(f"a value of {length} bytes")
    return at + length


def _function(steps: Sequence[_Step]) -> Skip:  # noqa: C901 - one loop, see below
    steps = tuple(_joined(steps))

    # A function call per step would double the time of this loop.
    def skip(data: bytes, at: int) -> int:  # noqa: C901, PLR0912
        for kind, what in steps:
            if kind == _NUMBERS:
                for sizes in what:
                    at += sizes[data[at]]
            elif kind == _NULLABLE_INTEGER:
                if data[at] == what:
                    at += 1
                elif data[at] == 2 - what:
                    while data[at + 1] >= _MORE:
                        at += 1
                    at += 2
                else:
                    raise DecodeError(f"a nullable integer has branch byte {data[at]}")
            elif kind == _NULLABLE_STRING:
                if data[at] == what:
                    at += 1
                elif data[at] == 2 - what:
                    at = _skip_string(data, at + 1)
                else:
                    raise DecodeError(f"a nullable string has branch byte {data[at]}")
            elif kind == _INTEGER:
                while data[at] >= _MORE:
                    at += 1
                at += 1
            elif kind == _FIXED:
                at += what
            elif kind == _STRING:
                at = _skip_string(data, at)
            else:
                at = what(data, at)
        return at

    return skip
