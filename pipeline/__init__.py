"""Classify astronomical alert streams as they arrive.

Read the stages in the order in which data meets them; start with `run`.

===============  ==============================================================
`source`         Kafka messages in: the consumer, and what a rebalance does; `intake`:
                 how much at a time, and what is given up to be read again
`decode`         bytes to candidates, or an error that says why not
`batch`          candidates to batches: what is there, when there is room
`infer`          batches to probabilities, and out with the row that breaks them
`write`, `sink`  alerts, dead letters and offsets out, in one of `transactions`
`run`            the loop that joins them
===============  ==============================================================

Around them:

===============  ==============================================================
`core`           the words that the stages share; `stream`; `errors`: what can go wrong
`lane`           one stream's way through a process: `record_lane`, `running` strain
`offsets`        what may be committed; `tally`: what became of it
`streams`        what makes a stream different, as values
`wire`           Avro in: `container`, `codecs`, `plan`, `prune`, `skip`,
                 `schema_store` and `registry`; `fits` and `arrays` the pixels,
                 `times` the clocks; `first_bytes` and `schema_fault` say what is wrong
`encode`         Avro out: `classification`, `avro_bytes`, `elasticc`, `register`;
                 `dead_letters`
`worker`         one process with one loop; `supervisor`: the one that watches them,
                 each in its `slot`
`settings`       what an operator sets; `kafka_settings`, and `kafka`: clients made of
                 them; `mapping`: what packets of other surveys hold
`metrics`        what an operator sees; `observe` fills them, `recorder` keeps them,
                 `http` serves them; `logs`
`ledger`         does it add up; `audit` counts
`letters`        dead letters as they are read; `redrive` sends them back
`client`         what a subscriber imports; `subscription`, `received`
`cli`            the command line; `commands` has a module for each
`simulation`     packets with known truth; `demo` and `report` show the whole at work
===============  ==============================================================
"""

__version__ = "0.1.0"
