"""Patches TF Transform so that it runs on newer releases of Beam."""

from __future__ import annotations

from apache_beam.pipeline import AppliedPTransform


def let_transform_copy() -> None:
    """Let two arguments of Beam's AppliedPTransform be left out again, as they could be until Beam 2.62.

    TF Transform 1.16 leaves them out where it goes over the data more than once (the mean of a column that
    was filled with its maximum), and fails with a TypeError on Beam 2.63 and later. Nothing else changes.
    """
    make = AppliedPTransform.__init__
    if make.__defaults__ is None:
        make.__defaults__ = (None, None)
