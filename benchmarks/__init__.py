"""What docs/performance.md reports, runnable: ``skytriage bench``.

==============  ==============================================================
`network`       the bare network, for each runtime, precision, batch, threads
`throughput`    messages a second of the real daemon, over the bare network's
`latency`       from the broker's append until a subscriber has the result
==============  ==============================================================

The rest is what they need: `machine` names the machine, `bare` runs a network
alone, `broker` and `rig` start what a daemon needs, `packets` makes its input,
`plain_loop` is the consumer that one would write first, `processors` looks at
who uses the cores, `progress` at how the daemon gets on.  `decode` times decoding by itself, and
`maxi` that of one-orbit images, whose fluxes it compares with the truth.
"""
