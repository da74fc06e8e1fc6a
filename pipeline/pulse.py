"""Signs of life of a worker's threads."""

import time
from dataclasses import dataclass, field

__all__ = ["Pulse"]


@dataclass(slots=True)
class Pulse:
    """What a watchdog looks at: when a thread last turned, or since when it is busy [s, monotonic]."""

    read_s: float = field(default_factory=time.monotonic)
    infer_since_s: float | None = None
    write_since_s: float | None = None

    def stalled(self) -> tuple[str, float]:
        """Return the stage that has stood still longest, and for how long [s]."""
        now_s = time.monotonic()
        since = {
            "read": self.read_s,
            "infer": self.infer_since_s or now_s,
            "write": self.write_since_s or now_s,
        }
        stage = min(since, key=since.__getitem__)
        return stage, now_s - since[stage]
