import json
import logging

import pytest
import structlog

from pipeline.logs import configure_logs
from pipeline.settings import LogSettings


@pytest.fixture(autouse=True)
def logging_as_it_was():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


SECRET = "hunter" + str(1 + 1)


def fail(config):
    raise RuntimeError(f"cannot reach {config['bootstrap.servers']}")


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_shows_no_local_variable(capsys, style):
    configure_logs(LogSettings(format=style))
    try:
        # Not a literal: a traceback shows the line of the code.
        fail({"bootstrap.servers": "a:9092", "sasl.password": SECRET})
    except RuntimeError:
        structlog.get_logger("pipeline.test").exception("failed")
    logged = capsys.readouterr().err
    assert "cannot reach a:9092" in logged
    assert SECRET not in logged


def test_each_line_is_an_object_with_the_fields_of_its_process(capsys):
    configure_logs(LogSettings(), worker=3)
    structlog.get_logger("pipeline.test").info("assigned", partitions=4)
    logging.getLogger("librdkafka").warning("broker %s is gone", "a")
    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert (ours["worker"], ours["event"], ours["partitions"]) == (3, "assigned", 4)
    assert (theirs["worker"], theirs["event"], theirs["logger"]) == (
        3,
        "broker a is gone",
        "librdkafka",
    )


def test_lines_below_the_level_are_not_written(capsys):
    configure_logs(LogSettings(level="warning"))
    structlog.get_logger("pipeline.test").info("assigned")
    assert capsys.readouterr().err == ""
