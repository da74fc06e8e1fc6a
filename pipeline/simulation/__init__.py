"""Packets with known truth, in the wire formats of the instruments: a module for each stream.

=========  =====================================================================
`packet`   what a simulated packet is, and a folder of them
`hits`     candidates of image subtraction; `hits_packets` writes them as three surveys do
`strain`   segments of detector strain
=========  =====================================================================

What is simulated, and how, is the business of ``models/<network>/simulate.py``.
"""
