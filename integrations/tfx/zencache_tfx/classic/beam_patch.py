"""Patches Beam for TF Transform, which fails on Beam 2.63 and later."""

from __future__ import annotations

from apache_beam.pipeline import AppliedPTransform


def let_transform_copy() -> None:
    """Make two arguments of Beam's AppliedPTransform optional again, as they were until Beam 2.62.

    TF Transform 1.16 omits them when it reads the data more than once, and fails with a TypeError on
    Beam 2.63 and later. An example is the mean of a column that was filled with its maximum.
    """
    make = AppliedPTransform.__init__
    if make.__defaults__ is None:
        make.__defaults__ = (None, None)
