"""Running strain: frames of several detectors in, one alert for each event out.

===========  ==================================================================
`joiner`     frames joined on GPS time, second by second         reader's thread
`windows`    closed seconds to whitened windows                  reader's thread
`leap`       files whose time is far from all others             reader's thread
`stretch`    both, from one leap of time to the next             reader's thread
`series`     one partition: its messages on their way to windows reader's thread
`places`     messages that wait, and the files that they brought
`events`     scores of windows to events, and their false-alarm rate     writer's
`lane`       the way of it all through a process, as `pipeline.lane` for records
===========  ==================================================================

A frame is answered when no later window will have it: it is classified by the loudest window that
has it, or set aside because none has. Answers come in the order of the messages, and an event when
the windows around it are judged. A commit says from where on frames must be read again to go on as if
nothing had happened (`pipeline.tally.Memory`): they fill the buffers and are not answered again.
"""
