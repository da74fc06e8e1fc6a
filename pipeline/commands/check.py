"""``skytriage check``: what is wrong with a configuration."""

import os

import typer

from pipeline.commands.terminal import AsJson, ConfigFile, print_json

__all__ = ["check"]

COLOURS = {"ok": "green", "hint": "yellow", "fault": "red"}


def check(config: ConfigFile, *, as_json: AsJson = False) -> None:
    """Say what is wrong with a configuration: reach the broker, load the networks.

    Exit 1 if the daemon would not work.
    """
    from pipeline.check import Finding, examine
    from pipeline.errors import ConfigurationError
    from pipeline.settings import read_settings

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow greets everybody
    findings: list[Finding] = []

    def tell(finding: Finding) -> None:
        findings.append(finding)
        if not as_json:
            typer.secho(f"{finding.status:5}", fg=COLOURS[finding.status], nl=False)
            typer.echo(f"  {finding.what}: {finding.detail}")

    try:
        settings = read_settings(config)
    except ConfigurationError as error:
        tell(Finding("settings", "fault", str(error)))
    else:
        tell(Finding("settings", "ok", f"{config} has no unknown or impossible value"))
        for finding in examine(settings):
            tell(finding)
    is_good = all(finding.status != "fault" for finding in findings)
    if as_json:
        table = [{"what": f.what, "status": f.status, "detail": f.detail} for f in findings]
        print_json({"ok": is_good, "findings": table})
    raise typer.Exit(0 if is_good else 1)
