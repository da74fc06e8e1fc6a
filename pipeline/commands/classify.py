"""``skytriage classify``: files to judgements, without a broker."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.commands.field import Dec, Exposure, Ra, Radius, field_messages
from pipeline.commands.terminal import (
    AsJson,
    Exclude,
    Paths,
    StreamName,
    known_stream,
    print_json,
    print_table,
    say,
)

__all__ = ["classify"]

COLUMNS = {
    "file": "left",
    "#": "right",
    "event": "left",
    "status": "left",
    "class": "left",
    "score": "right",
    "alert": "left",
    "remarks": "left",
}


def classify(
    stream: StreamName,
    paths: Paths,
    *,
    network: Annotated[
        str | None, typer.Option(metavar="N", help="Another network than the stream's own.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Weights other than those that came along.")
    ] = None,
    schemas: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Schemas of framed packets, by their id.")
    ] = None,
    windows: Annotated[
        bool,
        typer.Option("--windows", help="Running strain: a line for each window, not each event."),
    ] = False,
    mappings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml", help="Packets of more surveys: a file with mappings of the stream."
        ),
    ] = None,
    ra: Ra = None,
    dec: Dec = None,
    radius: Radius = None,
    exposure: Exposure = None,
    exclude: Exclude = None,
    as_json: AsJson = False,
) -> None:
    """Classify files, or folders of files, as the daemon would: one line for each record.

    Files of running strain are joined on GPS time: one line for each event in them. What cannot be read is a line too, with status invalid and the error.
    """
    from pipeline.files import find_files

    known_stream(stream)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow greets everybody
    found = find_files(paths, exclude or ())
    if found.left_out:
        say(f"left out {len(found.left_out)} files: {found.describe_left_out()}")
    field = field_messages(stream, found.files, ra=ra, dec=dec, radius=radius, exposure=exposure)
    # Late: it imports what networks run on, which takes seconds.
    from pipeline.classify import classify_messages, open_file_lane
    from pipeline.classify_running import judge_files

    lane = open_file_lane(
        stream, network=network, weights=weights, schemas=schemas, mappings=mappings
    )
    judged = (
        judge_files(lane, found.files, windows=windows)
        if field is None
        else classify_messages(lane, field)
    )
    judgements = (item.as_json() for item in judged)
    if as_json:
        for judgement in judgements:
            print_json(judgement)
    else:
        rows = [_row(judgement) for judgement in judgements]
        print_table(rows, columns=COLUMNS)
        if not rows:  # of running strain
            say(f"no event in {len(found.files)} files")


def _row(judgement: dict[str, Any]) -> list[Any]:
    classes = judgement["classification"] or {}
    best = max(classes, key=classes.__getitem__, default=None)
    score = judgement["score"]
    quality = judgement["quality"] or {}
    remarks = judgement["error"] or ", ".join(f"{k} {v:.3g}" for k, v in quality.items())
    return [
        Path(judgement["file"]).name,
        judgement["index"],
        judgement["eventId"],
        judgement["status"],
        best,
        None if score is None else f"{score:.4f}",
        "alert" if judgement["alert"] else "",
        remarks,
    ]
