"""Digitised pulses of a spectrometer: tell X-rays from gamma rays.

=========  =====================================================================
`event`    a record of ``xgamma_event`` to a candidate
`message`  and a pulse to such a record
`files`    HDF5, NPZ and CSV files of pulses to messages
=========  =====================================================================

A message is small here and there are many, so an instrument sends some hundred records in each
(``docs/xgamma.md``).
"""

from pipeline.stream import Stream
from pipeline.streams.xgamma import event
from pipeline.streams.xgamma.files import read_file

__all__ = ["STREAM"]

STREAM = Stream(name="xgamma", network="xgamma_pulse", formats=(event.FORMAT,), read_file=read_file)
