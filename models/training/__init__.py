"""Training, the same for every network: data that never repeats, and a loop that can be killed.

::

    simulate(seed, index) -> Pool.batches(step) -> fit -> the best weights
                                  a checkpoint, from which it goes on bit for bit

`pool` keeps the newest simulated samples, `recipe` says how long and how fast to learn, `devices`
finds the GPUs and the other hosts, `checkpoint` is one file that is whole or refused, `fit` is the
loop, `calibrate` folds a temperature into the last layer, and `ensemble` makes one network of
several.
"""
