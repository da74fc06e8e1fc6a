"""``skytriage ledger``: does it add up."""

import typer

from pipeline.commands.terminal import AsJson, ConfigFile, print_json, print_table, say

__all__ = ["ledger"]


def ledger(config: ConfigFile, as_json: AsJson = False) -> None:
    """Count what was consumed, classified and dead-lettered; exit 1 if it does not add up."""
    from pipeline.audit import audit
    from pipeline.settings import read_settings

    settings = read_settings(config)
    books = audit(settings)
    if as_json:
        print_json({"group": settings.group, "delivery": settings.delivery, **books.as_json()})
    else:
        table = books.as_json()
        headings = [*next(iter(table["partitions"]), {})]
        rows = [[row[name] for name in headings] for row in table["partitions"]]
        rows.append([{"stream": "total", **table["total"]}.get(name, "") for name in headings])
        numbers = dict.fromkeys(headings, "right") | {"stream": "left", "topic": "left"}
        print_table(rows, columns=numbers, title=f"group {settings.group}")
        for note in books.notes:
            say(f"note: {note}")
        say("It adds up." if books.adds_up else "It does not add up.")
    raise typer.Exit(0 if books.adds_up else 1)
