"""Classify astronomical alert streams as they arrive.

Read the stages in the order in which data meets them:

==============  ===============================================================
`source`        Kafka messages in: the consumer, and what a rebalance does
`decode`        bytes to candidates (`wire`, `schema_store`, `fits`, `streams`)
`batch`         candidates to batches: what is there, as soon as there is room
`infer`         batches to probabilities, and out with the row that breaks them
`sink`          alerts, dead letters and offsets out, in one transaction
`run`           the loop that joins them: start reading here
==============  ===============================================================

`core` defines the words that the stages share, `errors` what can go wrong,
`offsets` what may be committed.  Around the loop: `worker` is one process that
runs it, `supervisor` the one that watches the workers, `metrics`, `http` and
`logs` what an operator sees of them, `settings` what an operator sets.
`commands` holds the command line, `client` what a subscriber imports.
"""

__version__ = "0.1.0"
