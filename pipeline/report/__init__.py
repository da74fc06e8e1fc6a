"""A run as a page that one would show a colleague.

==============  ==============================================================
`seen`          what a subscriber has seen of the run
`summary`       its numbers, as ``summary.json`` has them (`durations`, `streams`)
`pictures`      what the network was shown, one module for each stream
`page`          all of it as one HTML file: `numbers`, `charts`, `cards`, `facts`, `html`
==============  ==============================================================
"""

from pipeline.report.page import Gallery, Report, render
from pipeline.report.summary import Summary

__all__ = ["Gallery", "Report", "Summary", "render"]
