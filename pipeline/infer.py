"""Batches to probabilities, and out with the row that breaks them.

A network that fails on a batch is asked again in halves until the rows that it
fails on stand alone; they become dead letters and their neighbours go on.  When
it fails on a sample that is known to be good, the fault is ours, and the worker
ends instead of emptying the topic into the dead letters.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.artifact import ArtifactError
from models.artifact import load as load_artifact
from models.network import Network
from models.runtime import DeviceError, Runtime, open_runtime
from pipeline.core import FloatArray, NetworkInfo
from pipeline.errors import ConfigurationError, InferenceError, WorkerError
from pipeline.settings import WorkerSettings

__all__ = ["Classifier", "open_classifier", "warmed_sizes"]


class Classifier:
    """A network with its weights, warmed and ready in this process."""

    def __init__(self, network: Network, runtime: Runtime, info: NetworkInfo) -> None:
        self.network = network
        self.info = info
        self._runtime = runtime

    @property
    def max_batch(self) -> int:
        """The largest batch that was warmed."""
        return self._runtime.batch_sizes[-1]

    def padded_size(self, rows: int) -> int:
        """Return the smallest warmed size that holds so many rows."""
        return next(size for size in self._runtime.batch_sizes if size >= rows)

    def predict(
        self, inputs: FloatArray, rows: int
    ) -> tuple[FloatArray, dict[int, InferenceError]]:
        """Return probabilities, and the rows that have none.

        Parameters
        ----------
        inputs
            Shape ``(at least padded_size(rows), *input_shape)``; what stands
            behind the first `rows` rows is padding.
        rows
            At most `max_batch`.

        Returns
        -------
        :
            Probabilities, shape ``(rows, classes)``, and an error for each row
            that the network fails on, whose probabilities mean nothing.

        Raises
        ------
        WorkerError
            If the network no longer works at all.
        """
        size = self.padded_size(rows)
        inputs[rows:size] = 0
        errors: dict[int, InferenceError] = {}
        try:
            probabilities = self._runtime.infer(inputs[:size])[:rows]
        except Exception:  # noqa: BLE001 - a runtime may raise anything
            probabilities = np.zeros((rows, len(self.info.classes)), np.float32)
            for begin, end, answer in self._bisect(inputs, 0, rows):
                if isinstance(answer, Exception):
                    errors[begin] = InferenceError(f"{self.info.name} fails on it: {answer!r}")
                else:
                    probabilities[begin:end] = answer
        for row in np.flatnonzero(~np.isfinite(probabilities).all(axis=1)).tolist():
            errors[row] = InferenceError(f"{self.info.name} gives no finite answer")
        if len(errors) == rows:
            self._must_work()
        return probabilities, errors

    def _bisect(
        self, inputs: FloatArray, begin: int, end: int
    ) -> Iterator[tuple[int, int, FloatArray | Exception]]:
        batch = np.zeros((self.padded_size(end - begin), *inputs.shape[1:]), np.float32)
        batch[: end - begin] = inputs[begin:end]
        try:
            yield begin, end, self._runtime.infer(batch)[: end - begin]
        except Exception as error:  # noqa: BLE001 - as above
            if end - begin == 1:
                yield begin, end, error
                return
            middle = (begin + end) // 2
            yield from self._bisect(inputs, begin, middle)
            yield from self._bisect(inputs, middle, end)

    def _must_work(self) -> None:
        """Ask about a sample that nothing is wrong with."""
        size = self._runtime.batch_sizes[0]
        try:
            answer = self._runtime.infer(np.zeros((size, *self.network.input_shape), np.float32))
        except Exception as error:
            raise WorkerError(f"{self.info.name} fails on every sample: {error!r}") from error
        if not np.isfinite(answer).all():
            raise WorkerError(f"{self.info.name} answers {answer!r} to an empty image")


def warmed_sizes(max_batch: int) -> tuple[int, ...]:
    """Return the batch sizes to warm: powers of 2, one and a half times each, and the largest.

    A batch costs as much as the size it is padded to, and most batches of a survey are
    small: with these a third is padding at worst.

    >>> warmed_sizes(40)
    (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 40)
    """
    sizes = {size for k in range(13) for size in (2**k, 3 * 2**k // 2)}
    return (*sorted(size for size in sizes if size < max_batch), max_batch)


def open_classifier(
    name: str, workers: WorkerSettings, *, threads: int, weights: Path | None = None
) -> Classifier:
    """Load a network, verify its weights and warm every batch size.

    Parameters
    ----------
    name
        Key of `models.NETWORKS`.
    workers
        Runtime, device, precision and the largest batch.
    threads
        Threads of the network; 0 leaves it to the runtime.
    weights
        Folder with the manifest; the weights that came with us if not given.

    Raises
    ------
    ConfigurationError
        If the weights do not verify or the device is not there.
    """
    try:
        artifact = load_artifact(name, weights)
        runtime = open_runtime(
            artifact,
            runtime=workers.runtime,
            device=workers.device,
            threads=threads,
            precision=workers.precision,
            batch_sizes=warmed_sizes(workers.max_batch),
        )
    except (ArtifactError, DeviceError) as error:
        raise ConfigurationError(f"network {name}: {error}") from error
    network = artifact.network
    info = NetworkInfo(
        name=network.name,
        version=artifact.version,
        weights_sha256=artifact.weights_sha256,
        runtime=f"{runtime.name}/{runtime.precision}",
        device=runtime.device,
        classes=network.classes,
        positive=network.positive,
        threshold=artifact.threshold,
        false_positive_rate=artifact.false_positive_rate,
    )
    return Classifier(network, runtime, info)
