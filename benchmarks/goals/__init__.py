"""Measures zencache's promises in seconds and bytes: `python -m benchmarks.goals [ROW …] [--quick]`.

Each line of the table is one measure. "zencache" is the measured value, and "beside" the value that it is
compared with. Both are medians (``storing``: the shortest times) of the same run, measured in turns. "goal"
is the promise for the full sizes on an idle machine, and "met?" says whether this run kept it; nothing is
asserted. Lines without a goal are for comparison with their neighbours.

=============  ======================================================================================
row            what is measured
=============  ======================================================================================
``fresh``      a fully cached run of two steps in a new process, beside the bare imports
``warm``       a fully cached run in the same process, by the number of steps
``history``    the same with 100,000 earlier executions in the store, and with keys reused 1,000 times
``first``      a first run of ten trivial steps in a new process, beside the import of Beam
``unneeded``   a reused array of 1 GB that nobody needs, beside one of 1 KB
``storing``    storing 1 GB with its digest, beside a plain flushed write
``parallel``   eight sleeping steps on eight threads, and on two processes
``many``       a thousand steps, as a chain and in layers, beside a hundred
``mnist``      the example's normaliser reused, beside computing it
=============  ======================================================================================
"""
