import json
import subprocess
import sys
import threading

import numpy as np
import pytest

from models.runtime import TOLERANCE, DeviceError, Runtime, has_amx, open_runtime

# NumPy 2.4 warns of how TensorFlow hands arrays to Keras
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

KINDS = [
    ("openvino", "float32"),
    ("openvino", "bfloat16"),
    ("tensorflow", "float32"),
    ("tensorflow", "bfloat16"),
]


def no_gpu():
    import tensorflow as tf

    return not tf.config.list_physical_devices("GPU")


@pytest.fixture(scope="module")
def reference(trained, inputs):
    """Probabilities of the Keras layers themselves, in float32."""
    network = trained.network.build()
    network.load_weights(trained.weights)
    return np.asarray(network(inputs))


@pytest.fixture(scope="module", params=KINDS, ids="-".join)
def opened(request, trained):
    runtime, precision = request.param
    return open_runtime(
        trained, runtime=runtime, precision=precision, threads=1, batch_sizes=(32, 1)
    )


def test_it_is_a_runtime(opened):
    assert isinstance(opened, Runtime)
    assert opened.batch_sizes == (1, 32)
    assert opened.device.startswith("CPU")


def test_it_agrees_with_the_layers_within_its_tolerance(opened, inputs, reference):
    difference = np.abs(opened.infer(inputs) - reference).max()

    assert difference <= TOLERANCE[opened.precision]


def test_rows_sum_to_one(opened, inputs):
    probabilities = opened.infer(inputs)

    assert probabilities.shape == (32, 2)
    assert probabilities.dtype == np.float32
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_permuting_a_batch_permutes_the_probabilities(opened, inputs):
    order = np.random.default_rng(1).permutation(32)

    permuted = opened.infer(inputs[order])

    assert np.allclose(permuted, opened.infer(inputs)[order], atol=TOLERANCE[opened.precision])


def test_an_answer_is_not_overwritten_by_the_next(opened, inputs):
    first = opened.infer(inputs)
    kept = first.copy()

    opened.infer(inputs[::-1])

    assert np.array_equal(first, kept)


@pytest.mark.parametrize("shape", [(2, 21, 21, 4), (32, 4, 21, 21)])
def test_a_batch_of_another_shape_is_refused_with_both(opened, shape):
    with pytest.raises(ValueError, match=r"inputs have shape .* batches of \(1, 32\)"):
        opened.infer(np.zeros(shape, np.float32))


@pytest.mark.parametrize("kind", ["openvino", "tensorflow"])
def test_python_goes_on_while_the_network_computes(trained, kind):
    runtime = open_runtime(trained, runtime=kind, precision="float32", batch_sizes=(256,))
    batch = np.zeros((256, 21, 21, 4), np.float32)
    started = threading.Event()

    def infer():
        started.set()
        runtime.infer(batch)

    network = threading.Thread(target=infer)
    network.start()
    started.wait()
    turns = 0
    while network.is_alive():
        turns += 1
    network.join()

    assert turns > 1000


def test_auto_takes_openvino_on_a_cpu_without_importing_tensorflow():
    code = (
        "import sys; from models.artifact import load; from models.runtime import open_runtime;"
        "r = open_runtime(load('deep_hits'), batch_sizes=(1,));"
        "print(r.name, 'tensorflow' in sys.modules)"
    )

    assert run(code) == "openvino False"


def test_auto_takes_bfloat16_only_where_the_cpu_has_amx(trained):
    runtime = open_runtime(trained, batch_sizes=(1,))

    assert runtime.precision == ("bfloat16" if has_amx() else "float32")


@pytest.mark.parametrize("runtime", ["auto", "tensorflow"])
def test_a_gpu_that_is_not_there_is_an_error_that_says_what_is(trained, runtime):
    if not no_gpu():
        pytest.skip("this machine has a GPU")

    with pytest.raises(DeviceError, match="gpu:0 was asked for, but TensorFlow finds only CPU:0"):
        open_runtime(trained, runtime=runtime, device="gpu", batch_sizes=(1,))


def test_openvino_refuses_a_gpu(trained):
    with pytest.raises(DeviceError, match="only drives the CPU"):
        open_runtime(trained, runtime="openvino", device="gpu:1", batch_sizes=(1,))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"runtime": "onnx"}, "'onnx'"),
        ({"device": "tpu"}, "'tpu'"),
        ({"device": "gpu:one"}, "'gpu:one'"),
        ({"precision": "int8"}, "'int8'"),
        ({"threads": -1}, "-1"),
        ({"batch_sizes": ()}, r"\(\)"),
        ({"batch_sizes": (0, 8)}, r"\(0, 8\)"),
    ],
)
def test_an_argument_that_means_nothing_is_named(trained, wrong, message):
    with pytest.raises(ValueError, match=message):
        open_runtime(trained, **wrong)


TWO_CPUS = """
import json, numpy as np, tensorflow as tf
from models.artifact import load
from models.runtime import DeviceError, open_runtime
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
artifact = load("deep_hits")
answers, devices = [], []
for device in ("cpu:0", "cpu:1"):
    runtime = open_runtime(
        artifact, runtime="tensorflow", device=device, precision="float32", batch_sizes=(2,)
    )
    rng = np.random.default_rng(0)
    answers.append(runtime.infer(rng.random((2, 21, 21, 4), np.float32)).tolist())
    devices.append([runtime.device, runtime._run(np.zeros((2, 21, 21, 4), np.float32)).device])
try:
    open_runtime(artifact, runtime="tensorflow", device="cpu:2", batch_sizes=(2,))
except DeviceError as error:
    print(json.dumps({"answers": answers, "devices": devices, "error": str(error)}))
"""


@pytest.fixture(scope="module")
def two_cpus():
    """What a process with two logical CPU devices says, as one with two GPUs would."""
    return json.loads(run(TWO_CPUS))


@pytest.mark.parametrize("number", [0, 1])
def test_the_network_runs_on_the_logical_device_that_was_asked_for(two_cpus, number):
    description, computed = two_cpus["devices"][number]

    assert description.startswith(f"CPU:{number}")
    assert computed.endswith(f"/device:CPU:{number}")


def test_both_logical_devices_give_the_same_answer(two_cpus):
    assert np.allclose(*two_cpus["answers"], atol=1e-6)


def test_a_logical_device_too_many_is_refused_with_those_there_are(two_cpus):
    assert two_cpus["error"].startswith(
        "cpu:2 was asked for, but TensorFlow finds only CPU:0, CPU:1"
    )


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]
