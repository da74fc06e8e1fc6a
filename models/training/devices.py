"""The devices that train together: all GPUs of a host, and all hosts that ``TF_CONFIG`` names.

Several hosts each run the same command with ``TF_CONFIG`` set, as TensorFlow defines it::

    {"cluster": {"worker": ["a:4000", "b:4000"]}, "task": {"type": "worker", "index": 0}}

They need one folder of checkpoints in common, which host 0 writes and all read when they resume;
only host 0 saves the weights.
What batch normalisation measures differs a little from host to host; that of host 0 is kept.
"""

import json
import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["choose_strategy", "host_share", "limit_threads"]


def host_share(environment: Mapping[str, str] | None = None) -> tuple[int, int]:
    """Return the number of this host and how many there are.

    Raises
    ------
    ValueError
        If ``TF_CONFIG`` cannot be understood.

    Examples
    --------
    >>> host_share({})
    (0, 1)
    """
    text = (os.environ if environment is None else environment).get("TF_CONFIG", "")
    if not text:
        return 0, 1
    try:
        said = json.loads(text)
        hosts, task = said["cluster"]["worker"], said["task"]
        index = int(task["index"])
        known = (
            task["type"] == "worker"
            and 0 <= index < len(hosts)
            and set(said["cluster"]) == {"worker"}
        )
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"TF_CONFIG is not understood: {text}") from error
    if not known:
        raise ValueError(f"TF_CONFIG must name workers only, and this host among them: {text}")
    return index, len(hosts)


def choose_strategy() -> "tf.distribute.Strategy":
    """Return how to spread the work; call it before TensorFlow does anything else.

    Returns
    -------
    :
        ``MultiWorkerMirroredStrategy`` where ``TF_CONFIG`` names several hosts, else
        ``MirroredStrategy`` where there are several GPUs, else TensorFlow's default.
    """
    import tensorflow as tf

    if host_share()[1] > 1:
        return _join_hosts()
    if len(tf.config.list_logical_devices("GPU")) > 1:
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


@cache
def _join_hosts() -> "tf.distribute.Strategy":
    """Join the other hosts, once: a training of several networks or stages stays with them.

    A process that joins again loses them.
    """
    import tensorflow as tf

    return tf.distribute.MultiWorkerMirroredStrategy()


def limit_threads(threads: int) -> None:
    """Give TensorFlow so many cores, unless it is running already."""
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:  # the first one to use TensorFlow in a process decides
        return
