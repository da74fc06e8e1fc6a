"""The four families of errors."""

import pickle

import pytest

from pipeline import errors
from pipeline.errors import (
    ConfigurationError,
    InvalidMessage,
    PipelineError,
    TransientError,
    WorkerError,
)

ALL = [getattr(errors, name) for name in errors.__all__]
FAMILIES = (InvalidMessage, TransientError, WorkerError, ConfigurationError)
STAGES = {"decode", "preprocess", "infer", "encode"}


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind is not PipelineError])
def test_every_error_belongs_to_one_family(kind):
    assert sum(issubclass(kind, family) for family in FAMILIES) == 1


@pytest.mark.parametrize("kind", ALL)
def test_an_error_keeps_its_reason_between_processes(kind):
    error = pickle.loads(pickle.dumps(kind("candid 5 has no science cutout")))  # noqa: S301 - our own

    assert type(error) is kind
    assert str(error) == "candid 5 has no science cutout"


@pytest.mark.parametrize("kind", [kind for kind in ALL if issubclass(kind, InvalidMessage)])
def test_the_stage_is_one_that_the_metrics_know(kind):
    assert kind.stage in STAGES
