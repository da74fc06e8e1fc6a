"""A night in half a minute: simulated surveys through the real daemon, on one machine.

==============  ==============================================================
`session`       the demo from beginning to end: start reading here
`lineup`        which streams take part, and how much each sends
`traffic`       simulated messages, a few of them broken on purpose (`breakage`)
`daemon`        ``skytriage run`` in a process of its own, as its users run it
`watch`         a subscriber, who notes what arrives and when
`flow`          messages in (`sending`), results out, while it runs
`show`          what the person at the terminal sees meanwhile
`outcome`       what is made of it: summary and report (`choice` of what to show)
==============  ==============================================================

Nothing here classifies or counts by itself: the daemon, the publisher, the
subscriber's reader and the ledger are those of the package.
"""
