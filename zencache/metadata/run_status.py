"""Whether a recorded run is still active, and may not be changed. Nothing here imports ml_metadata."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from zencache.util.process_id import Owner

if TYPE_CHECKING:
    from zencache.model.records import RunRecord

GRACE = timedelta(hours=1)
"""Grace period for artifacts and runs that may not be attached to their records yet."""
UNOWNED_TIMEOUT = timedelta(days=1)
"""After this time, a running run without a recorded process is stale: format 1 recorded none."""


def is_active(run: RunRecord, now: datetime) -> bool:
    """Say whether a run has not ended, as far as one can tell; see `docs/maintenance.md`."""
    if run.deleted:
        return False
    if run.status == "running":
        # A process of another machine cannot be asked: its run's status follows from its heartbeat.
        owner = Owner.recorded(run.owner)
        return owner.is_alive() is not False if owner else run_age(run, now) < UNOWNED_TIMEOUT
    return run.of_tfx and run_age(run, now) < GRACE


def run_age(run: RunRecord, now: datetime) -> timedelta:
    """Return the time since a run ended; never negative."""
    return max(now - run.ended, timedelta(0))  # its seconds count from before it was recorded
