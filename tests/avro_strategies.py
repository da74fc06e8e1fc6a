"""Any value that an Avro schema allows, for tests of what reads such values."""

from hypothesis import strategies as st

__all__ = ["values"]

PRIMITIVE = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32),
    "double": st.floats(),
    "bytes": st.binary(max_size=64),
    "string": st.text(max_size=16),
}


def values(schema, names=None):
    """Values of a type; ``names`` are the records that it may name, by the last part of theirs."""
    names = {} if names is None else names
    if isinstance(schema, list):
        return st.one_of([values(branch, names) for branch in schema])
    kind = schema["type"] if isinstance(schema, dict) else schema
    match kind:
        case "record":
            fields = {field["name"]: values(field["type"], names) for field in schema["fields"]}
            made = names[last(schema["name"])] = st.fixed_dictionaries(fields)
            return made
        case "array":
            return st.lists(values(schema["items"], names), max_size=4)
        case "map":
            items = values(schema["values"], names)
            return st.dictionaries(PRIMITIVE["string"], items, max_size=4)
        case str():
            return PRIMITIVE[kind] if kind in PRIMITIVE else names[last(kind)]
    return values(kind, names)


def last(name):
    return name.rpartition(".")[2]
