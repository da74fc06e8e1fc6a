"""The tables of the model card, from manifests: ``python -m models.strain_resnet.card MANIFEST...``.

All networks, the best first, and of the best how many signals it finds by loudness and by mass.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["by_mass", "by_snr", "row", "table"]

_HEAD = (
    "| variant | parameters | segments | AUC *simulated* | 95 % | found at 1e-2 | found at 1e-3 |",
    "|---|---|---|---|---|---|---|",
)


def table(manifests: Iterable[Mapping[str, Any]]) -> str:
    """Return the table of these manifests, the best first."""
    return "\n".join([*_HEAD, *map(row, _ranked(manifests))])


def row(manifest: Mapping[str, Any]) -> str:
    """Return the line of one manifest."""
    training, metrics = manifest["training"], manifest["metrics"]
    layers, area = training["layers"], metrics["auc"]
    return _line(
        f"ResNet{layers['depth']}, {layers['dimensions']}-D, width {layers['widths'][0]}",
        f"{training['parameters']:,}",
        f"{training['segments']:,}",
        f"{area['value']:.4f}",
        f"{area['low95']:.4f} – {area['high95']:.4f}",  # noqa: RUF001 - a dash between numbers
        *(f"{one['all']['value']:.3f}" for one in metrics["efficiency"].values()),
    )


def by_snr(manifest: Mapping[str, Any]) -> str:
    """Return how many signals are found at each false-alarm probability, by network SNR."""
    found = manifest["metrics"]["efficiency"]
    names = list(next(iter(found.values()))["bySnr"])
    lines = [_line("false-alarm probability", *names), _rule(len(names) + 1)]
    for probability, efficiency in found.items():
        rates = efficiency["bySnr"]
        lines.append(_line(probability, *(_share(rates[name]) for name in names)))
    return "\n".join(lines)


def by_mass(manifest: Mapping[str, Any], probability: str) -> str:
    """Return the share found of the signals of SNR 6 to 8, over both masses, with their number."""
    found = manifest["metrics"]["efficiency"][probability]["byMass"]
    pairs = {tuple(name.split(" + ")): value for name, value in found.items()}
    heavy, light = (list(dict.fromkeys(pair[i] for pair in pairs)) for i in (0, 1))
    lines = [_line("heavier, lighter [solar masses]", *light), _rule(len(light) + 1)]
    for first in heavy:
        cells = [pairs.get((first, second)) for second in light]
        shown = [f"{_share(one)} of {one['n']}" if one else "" for one in cells]
        lines.append(_line(first, *shown))
    return "\n".join(lines)


def _ranked(manifests: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(manifests, key=lambda manifest: -float(manifest["metrics"]["auc"]["value"]))


def _share(rate: Mapping[str, Any]) -> str:
    """Return two digits, or a dash where there was nothing to count."""
    return "-" if rate["value"] is None else f"{rate['value']:.2f}"


def _rule(columns: int) -> str:
    return f"|{'---|' * columns}"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _main(paths: Sequence[str]) -> None:
    ranked = _ranked(json.loads(Path(path).read_text(encoding="utf-8")) for path in paths)
    parts = (table(ranked), by_snr(ranked[0]), by_mass(ranked[0], "0.01"))
    sys.stdout.write("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    _main(sys.argv[1:])
