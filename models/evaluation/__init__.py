"""How good a network is: figures with intervals, calibration and plots, the same for every network.

`rates` knows one figure each, `table` all those of a binary classifier in the form of the manifest,
`calibration` makes probabilities honest, `plots` draws. Scores are those of the positive class,
``(n,)``, and truths are booleans, ``(n,)``. Nothing in here knows which network it judges.
"""
