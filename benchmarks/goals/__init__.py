"""What zencache promises in seconds and bytes, measured: `python -m benchmarks.goals [ROW …] [--quick]`.

Each line of the table is one measure. "zencache" is what it took, "beside" what it is compared with, measured
in the same run and in turns with it, both as medians (``storing``: the shortest times). "goal" is what was
promised for the full sizes on a machine with nothing else to do, and "met?" whether this run kept it; nothing
is asserted. Lines without a goal are there to be read beside their neighbours.

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
