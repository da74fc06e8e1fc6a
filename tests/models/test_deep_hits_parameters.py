import pytest

from models.deep_hits.descent import rates_until
from models.deep_hits.parameters import ParameterError, read_parameters

GOOD = """
[vars]
arch_py: arch7.py
path_to_chunks: ./chunks/
n_cand_chunk: 5000
BASE_LR = 0.04
gamma: 0.5
stepsize: 100000
momentum: 0.0
n_epochs: 100
batch_size: 50
N_train = 1220000
N_valid = 100000
N_test = 100000
validate_every_batches: 5000
activation_function: leaky_relu
tiny_train: False
resume: None
savestep: 25000
improvement_threshold: 0.5
ini_patience: 100000
data_interface: directory
"""


def read(folder, text):
    (folder / "input.txt").write_text(text)
    return read_parameters(folder / "input.txt")


def test_both_ways_to_write_a_parameter_are_read(tmp_path):
    found = read(tmp_path, GOOD)

    assert (found.base_lr, found.n_train, found.batch_size) == (0.04, 1_220_000, 50)
    assert found.path_to_chunks == tmp_path / "chunks"
    assert found.resume is None


def test_the_file_of_arch7_is_read_as_it_is(survey_data):
    found = read_parameters(survey_data / "deephits" / "arch7_input.txt")

    assert (found.base_lr, found.gamma, found.stepsize) == (0.04, 0.5, 100_000)
    assert found.validation_interval == 5000


def test_validation_comes_at_least_twice_in_the_first_patience(tmp_path):
    found = read(tmp_path, GOOD.replace("ini_patience: 100000", "ini_patience: 6000"))

    assert found.validation_interval == 3000


def test_the_rate_falls_at_the_multiples_of_the_step_above_one(tmp_path):
    found = read(tmp_path, GOOD)

    assert [rates_until(found, n) for n in (0, 99_999, 100_000, 200_000)] == pytest.approx(
        [0.04, 0.04, 0.02, 0.01]
    )


def test_a_step_of_one_does_not_count_the_first_iteration(tmp_path):
    found = read(tmp_path, GOOD.replace("stepsize: 100000", "stepsize: 1"))

    assert [rates_until(found, n) for n in (0, 1, 2, 3)] == pytest.approx([0.04, 0.04, 0.02, 0.01])


def test_resume_is_the_number_of_an_iteration(tmp_path):
    assert read(tmp_path, GOOD.replace("resume: None", "resume: 25000")).resume == 25_000


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("arch7.py", "arch8.py", r"arch_py is arch8\.py, but only arch7\.py is built in"),
        ("arch_py: arch7.py", "", "arch_py is None"),
        ("savestep: 25000", "", "has no savestep"),
        ("gamma: 0.5", "gamma: half", "could not convert string to float: 'half'"),
        ("leaky_relu", "PReLU", "'PReLU' is none of leaky_relu, ReLU, tanh"),
        ("directory", "database", "'database' is none of directory, random"),
        ("resume: None", "resume: final", "resume is 'final', not None or the number"),
        ("batch_size: 50", "batch_size: 33", "batch_size is 33, which does not divide 10000"),
        ("momentum: 0.0", "momentum: 1.0", r"momentum is 1\.0, not in \[0, 1\)"),
        ("n_epochs: 100", "n_epochs: 0", "n_epochs is 0, and must be at least 1"),
        ("gamma: 0.5", "gamma: 0.5\nlearning: 1", "nobody knows learning"),
        ("[vars]", "[var]", r"is no parameter file with \[vars\]"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path, old, new, said):
    with pytest.raises(ParameterError, match=rf"input\.txt.*{said}"):
        read(tmp_path, GOOD.replace(old, new))
