"""The table of the model card, from manifests: ``python -m models.strain_resnet.card MANIFEST...``."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["row", "table"]

_HEAD = (
    "| variant | parameters | segments | AUC *simulated* | 95 % | found at 1e-2 | found at 1e-3 |",
    "|---|---|---|---|---|---|---|",
)


def table(paths: Iterable[Path]) -> str:
    """Return the table of these manifests, the best first."""
    manifests = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    manifests.sort(key=lambda manifest: -manifest["metrics"]["auc"]["value"])
    return "\n".join([*_HEAD, *map(row, manifests)])


def row(manifest: Mapping[str, Any]) -> str:
    """Return the line of one manifest."""
    training, metrics = manifest["training"], manifest["metrics"]
    layers, area = training["layers"], metrics["auc"]
    name = f"ResNet{layers['depth']}, {layers['dimensions']}-D, width {layers['widths'][0]}"
    cells = [
        name,
        f"{training['parameters']:,}",
        f"{training['segments']:,}",
        f"{area['value']:.4f}",
        f"{area['low95']:.4f} – {area['high95']:.4f}",  # noqa: RUF001 - a dash between numbers
        *(f"{one['all']['value']:.3f}" for one in metrics["efficiency"].values()),
    ]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(table(map(Path, sys.argv[1:])) + "\n")
