"""``skytriage bench``: the numbers of docs/performance.md."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.commands.terminal import AsJson, print_json, print_table, say

__all__ = ["bench"]

Broker = Annotated[
    str,
    typer.Option(
        metavar="BROKER", help="kafka, embedded, HOST:PORT, or auto: Kafka if it is here."
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting of the daemon: workers.count=1."),
]
Patience = Annotated[
    float, typer.Option(min=0, metavar="S", help="Wait so long for a quiet machine [s].")
]
FamilyName = Annotated[
    str, typer.Option(metavar="FAMILY", help="Simulated packets: native, ztf, lsst or mixed.")
]

bench = typer.Typer(
    name="bench", help="Measure this machine, as docs/performance.md reports.", no_args_is_help=True
)


@bench.command()
def network(
    *,
    batch: Annotated[list[int] | None, typer.Option(min=1, help="Batch size; repeatable.")] = None,
    runtime: Annotated[
        list[str] | None, typer.Option(help="openvino or tensorflow; both if left out.")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Repeats; the median counts.")] = 5,
    seconds: Annotated[float, typer.Option(min=0.01, help="Length of a repeat [s].")] = 0.5,
    as_json: AsJson = False,
) -> None:
    """Measure the bare network: samples a second by runtime, precision, batch and threads."""
    from benchmarks.network import RUNTIMES, Options, measure_network

    if unknown := set(runtime or ()) - set(RUNTIMES):
        raise typer.BadParameter(f"there is no runtime {unknown.pop()}", param_hint="--runtime")
    chosen = Options(repeats=repeats, seconds=seconds, runtimes=runtime or RUNTIMES)
    sizes = sorted(set(batch or chosen.batches))
    options = Options(batches=sizes, repeats=repeats, seconds=seconds, runtimes=chosen.runtimes)
    found = measure_network(options, say)
    if as_json:
        return print_json(found)
    _machine(found)
    numbers = [_network_row(row, sizes) for row in found["rows"]]
    columns = {"runtime": "left", "precision": "left", "threads": "right"}
    columns |= {f"batch {size}": "right" for size in sizes} | {"": "left"}
    print_table(numbers, columns=columns, title=f"{found['network']}, samples a second")
    return None


@bench.command()
def throughput(
    *,
    family: FamilyName = "native",
    packets: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Real packets, instead of simulated ones.")
    ] = None,
    schemas: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Schemas of real packets, by id.")
    ] = None,
    messages: Annotated[
        int, typer.Option(min=100, metavar="N", help="Messages of a run.")
    ] = 40_000,
    runs: Annotated[int, typer.Option(min=1, metavar="N", help="Runs; the median counts.")] = 3,
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Workers; one per core if left out.")
    ] = None,
    delivery: Annotated[
        str, typer.Option(help="effectively_once, at_least_once, or both to compare them.")
    ] = "both",
    plain: Annotated[
        int, typer.Option(min=0, metavar="N", help="Messages for the plain consumer loop.")
    ] = 200,
    seconds: Annotated[
        float, typer.Option(min=0.01, help="Length of a repeat of the bare network [s].")
    ] = 0.5,
    patience: Patience = 0.0,
    broker: Broker = "auto",
    settings: Set = None,
    as_json: AsJson = False,
) -> None:
    """Measure the daemon on a full topic: messages a second, and the bare network's in the same run."""
    from benchmarks.throughput import DELIVERIES, Options, measure_throughput

    if delivery not in (*DELIVERIES, "both"):
        raise typer.BadParameter(f"there is no delivery {delivery}", param_hint="--delivery")
    options = Options(
        family=family,
        packets=packets,
        schemas=schemas,
        messages=messages,
        runs=runs,
        deliveries=DELIVERIES if delivery == "both" else (delivery,),
        plain_messages=plain,
        broker=broker,
        settings=[*(settings or ()), *([f"workers.count={workers}"] if workers else ())],
        bare_seconds=seconds,
        patience_s=patience,
    )
    found = measure_throughput(options, say)
    if as_json:
        return print_json(found)
    _machine(found)
    title = f"{found['packets']} ({found['meanBytes']} B), {found['broker']} on the same cores"
    print_table(_throughput_rows(found), columns={"": "left", "median": "right"}, title=title)
    return None


@bench.command()
def latency(
    *,
    rate: Annotated[float, typer.Option(min=0.1, metavar="R", help="Packets a second.")] = 333.0,
    seconds: Annotated[float, typer.Option(min=0.1, metavar="S", help="How long [s].")] = 30.0,
    lone: Annotated[
        int, typer.Option(min=1, metavar="N", help="Messages that come alone, one a second.")
    ] = 15,
    family: FamilyName = "ztf",
    patience: Patience = 0.0,
    broker: Broker = "auto",
    settings: Set = None,
    as_json: AsJson = False,
) -> None:
    """Measure the daemon at a survey's rate: from the broker's append to the committed result."""
    from benchmarks.latency import Options, measure_latency

    options = Options(
        rate_hz=rate,
        seconds=seconds,
        lone=lone,
        family=family,
        broker=broker,
        settings=settings or (),
        patience_s=patience,
    )
    found = measure_latency(options, say)
    if as_json:
        return print_json(found)
    _machine(found)
    columns = {"": "left"} | dict.fromkeys(("50 %", "95 %", "99 %", "max"), "right")
    for part, name in (("steady", f"{rate:g} messages/s"), ("lone", "one message a second")):
        spans = {"append to visible": found[part], **found[part]["stages"]}
        rows = [
            [stage, *(span[key] for key in ("p50Ms", "p95Ms", "p99Ms", "maxMs"))]
            for stage, span in spans.items()
        ]
        title = f"{found['packets']}, {name}, {found['broker']} on the same cores [ms]"
        print_table(rows, columns=columns, title=title)
    return None


def _machine(found: dict[str, Any]) -> None:
    from benchmarks.machine import machine_line

    say(machine_line(found["machine"]))


def _network_row(row: dict[str, Any], sizes: list[int]) -> list[Any]:
    rates = row.get("samplesPerSecond", {})
    numbers = [f"{rates[str(size)]:,.0f}" if rates else None for size in sizes]
    note = row.get("unavailable") or ("what auto chooses" if row["auto"] else "")
    return [row["runtime"], row["precision"], row["threads"], *numbers, note]


def _throughput_rows(found: dict[str, Any]) -> list[list[Any]]:
    rates = found["messagesPerSecond"]
    cost, plain = found["transactionsCostPercent"], found["ratioToPlainLoop"]
    threads = f"{found['workers']} x {found['threads']} threads, {found['network']}"
    ratios = found["ratioToBare"]
    bare = f"bare network, {threads} [samples/s]"
    rows: list[tuple[str, float | None, str]] = [
        ("daemon, effectively once [messages/s]", rates["effectively_once"], ",.0f"),
        ("daemon, at least once [messages/s]", rates["at_least_once"], ",.0f"),
        (bare, found["bareSamplesPerSecond"], ",.0f"),
        ("effectively once over bare network", ratios["effectively_once"], ".2f"),
        ("at least once over bare network", ratios["at_least_once"], ".2f"),
        ("transactions cost [%]", cost, ".1f"),
        ("plain consumer loop [messages/s]", found["plainLoopMessagesPerSecond"], ",.0f"),
        ("daemon over plain consumer loop", plain, ".1f"),
    ]
    return [[name, format(value, form)] for name, value, form in rows if value is not None]
