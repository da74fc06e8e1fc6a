"""``skytriage dead-letters``: look at what could not be classified, and send it back."""

import re
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.terminal import AsJson, ConfigFile, print_json, print_table, say

if TYPE_CHECKING:
    from pipeline.core import Origin
    from pipeline.letters import Letter

__all__ = ["dead_letters"]

dead_letters = typer.Typer(
    name="dead-letters",
    help="Look at what could not be classified, and send it back.",
    no_args_is_help=True,
)

Topic = Annotated[
    str | None, typer.Option(metavar="T", help="Only messages that came from this topic.")
]
Stage = Annotated[
    str | None, typer.Option(metavar="S", help="Only of this stage, such as decode or infer.")
]
Error = Annotated[
    str | None, typer.Option(metavar="E", help="Only with this error, such as DecodeError.")
]

TRACE_HEADER = "__connect.errors.exception.stacktrace"

_FIRST_BYTES = 64
"""Of the message, which ``show`` prints."""


@dead_letters.command("list")
def list_letters(
    config: ConfigFile,
    *,
    topic: Topic = None,
    stage: Stage = None,
    error: Error = None,
    as_json: AsJson = False,
) -> None:
    """Print a line for each: PARTITION/OFFSET, when, from where, and what is wrong."""
    from pipeline.letters import Wanted, read_letters
    from pipeline.settings import read_settings

    wanted = Wanted(topic=topic, stage=stage, error=error)
    notes: list[str] = []
    kinds: Counter[str] = Counter()
    for letter in read_letters(read_settings(config), notes):
        if not wanted.has(letter):
            continue
        kinds[f"{letter.stage} {letter.error}"] += 1
        if as_json:
            print_json(_summary(letter))
        else:
            typer.echo(_line(letter))
    for note in notes:
        say(f"note: {note}")
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    say(f"{kinds.total()} letters{f': {counts}' if counts else ''}")


@dead_letters.command()
def show(
    config: ConfigFile,
    place: Annotated[str, typer.Argument(metavar="PARTITION/OFFSET", help="As list prints it.")],
    *,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the message's bytes there.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print all that one says, and write its bytes to a file if asked."""
    from pipeline.letters import read_letter
    from pipeline.settings import read_settings

    partition, offset = _place(place)
    letter = read_letter(read_settings(config), partition, offset)
    said = _summary(letter) | {
        "key": None if letter.key is None else _text(letter.key),
        "firstBytes": _text(letter.value[:_FIRST_BYTES]),
        "headers": {
            name: None if value is None else _text(value) for name, value in letter.headers
        },
    }
    if out is not None:
        out.write_bytes(letter.value)
        say(f"{len(letter.value)} bytes are in {out}")
    if as_json:
        print_json(said)
        return
    headers = said.pop("headers")
    trace = headers.pop(TRACE_HEADER, None)
    rows = {**said, "source": _origin(letter.origin), **headers}
    print_table([*rows.items()], columns={"what": "left", "value": "left"}, title=letter.name)
    if trace:
        typer.echo(trace)


@dead_letters.command()
def redrive(
    config: ConfigFile,
    places: Annotated[
        list[str] | None,
        typer.Argument(metavar="PARTITION/OFFSET…", help="These, as list prints them."),
    ] = None,
    *,
    topic: Topic = None,
    stage: Stage = None,
    error: Error = None,
    everything: Annotated[bool, typer.Option("--all", help="All that there are.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send letters back to the topics that they came from.

    By their places, by what is wrong with them, or all.  Of a message that was sent back before and
    failed again only the latest letter is sent, unless its place is given.
    Exit 1 if anything was not delivered.
    """
    from pipeline.letters import Wanted, read_letter, read_letters
    from pipeline.redrive import choose, read_chosen
    from pipeline.redrive import redrive as send_back
    from pipeline.settings import read_settings

    wanted = Wanted(topic=topic, stage=stage, error=error)
    chosen_by = [bool(places), wanted != Wanted(), everything]
    if sum(chosen_by) != 1:
        raise typer.BadParameter(
            "say which: places, or --topic, --stage and --error, or --all; and not two of them"
        )
    settings = read_settings(config)
    notes: list[str] = []
    superseded = 0
    if places:
        letters = [read_letter(settings, *_place(place)) for place in places]
        sent = send_back(settings, letters)
    else:
        chosen = choose(read_letters(settings, notes), wanted)
        superseded = chosen.superseded
        sent = send_back(settings, read_chosen(settings, chosen, notes))
    for line in [*dict.fromkeys(f"note: {note}" for note in notes), *sent.examples]:
        say(line)
    if as_json:
        print_json(
            {
                "sent": sent.sent,
                "delivered": sent.delivered,
                "failed": sent.failed,
                "failures": dict(sent.failures),
                "superseded": superseded,
            }
        )
    else:
        say(f"{sent.delivered} of {sent.sent} letters sent back")
        if superseded:
            say(f"{superseded} left out: a later letter has the same message")
    raise typer.Exit(1 if sent.failed else 0)


def _place(text: str) -> tuple[int, int]:
    """Read ``PARTITION/OFFSET``."""
    if not (found := re.fullmatch(r"(\d+)/(\d+)", text)):
        raise typer.BadParameter(f"a place is PARTITION/OFFSET, such as 0/17, not {text!r}")
    return int(found[1]), int(found[2])


def _summary(letter: "Letter") -> dict[str, Any]:
    origin = letter.origin
    return {
        "place": f"{letter.place.partition}/{letter.place.offset}",
        "time": _time(letter.written_ms),
        "source": None if origin is None else asdict(origin),
        "stage": letter.stage,
        "error": letter.error,
        "reason": letter.reason,
        "bytes": len(letter.value),
        "replayOf": letter.replay_of,
    }


def _line(letter: "Letter") -> str:
    again = "  again" if letter.replay_of else ""
    reason = " ".join(letter.reason.split())
    return (
        f"{letter.place.partition}/{letter.place.offset}  {_time(letter.written_ms)}  "
        f"{_origin(letter.origin)}  {letter.stage} {letter.error}: {reason}{again}"
    )


def _origin(origin: "Origin | None") -> str:
    if origin is None:
        return "-"
    which = f" [{origin.index} of {origin.records}]" if origin.records > 1 else ""
    return f"{origin.topic} {origin.partition}/{origin.offset}{which}"


def _time(milliseconds: int | None) -> str | None:
    """Spell a time in UTC, as ISO 8601 does."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")


def _text(value: bytes) -> str:
    """Spell bytes so that no terminal takes them for commands."""
    text = value.decode(errors="backslashreplace")
    return "".join(
        one if one.isprintable() or one == "\n" else f"\\x{ord(one):02x}" for one in text
    )
