"""The schema of zencache's records in ML Metadata: all types, names and properties, and their constants.

All of TFX's own types and names are kept, so that TFX's tools read the store. zencache adds these:

================================  =====================================================================
Context types                     Name of a context; its custom properties
================================  =====================================================================
``pipeline``                      TFX's; a pipeline's name. ``zencache_running``: ids of active runs, as JSON
``pipeline_run``                  TFX's; the run's name; child of ``pipeline``. ``zencache_pipeline``,
                                  ``zencache_version``, ``zencache_status``, ``zencache_seconds``;
                                  ``zencache_token``: tells a run from another of its name;
                                  ``zencache_spec``: the run's spec, if it differs from its version's
                                  (other parameters); ``zencache_root``: the directory of its results;
                                  ``zencache_pinned``: why gc keeps it. While it is active:
                                  ``zencache_owner``: its process, as JSON; ``zencache_beat``: time of
                                  its last heartbeat, in seconds since 1970
``node``                          TFX's; ``pipeline.step``
``zencache.cache_key``            the key. ``zencache_execution``: id of the newest good execution.
                                  Associated with the executions that computed this key
``zencache.step``                 a step's qualified name. ``zencache_recent``: ids of the newest executions
                                  that computed it, with any key, as JSON
``zencache.pipeline_version``     ``pipeline:number``. ``zencache_structure``; ``zencache_spec``;
                                  ``zencache_recent``: ids of the executions that its last run used, as JSON
``zencache.store``                one context, ``store``. ``zencache_format``: the schema version
                                  (`zencache.config.FORMAT`); during a migration ``zencache_backup``: its copy
``zencache.lease``                ``key:number``, in a shared store: who computes a key. ``zencache_owner``;
                                  ``zencache_beat``; ``zencache_token``: tells who created it;
                                  ``zencache_released``: set once it is released
runs, pipelines, versions         ``zencache_deleted``: when it was deleted; ML Metadata deletes nothing
================================  =====================================================================

================================  =====================================================================
Executions                        Typed by the step's qualified name, as a TFX component. Named
                                  ``run:step`` if zencache itself published them. Custom properties:
================================  =====================================================================
one for each parameter            its JSON text, under its own name, as TFX records execution properties
``zencache_step``                 name of the step in its pipeline
``zencache_key``                  the key
``zencache_key_parts``            what the key is made of, as JSON; a hit's origin has it
``zencache_reason``               why it ran, or was a hit, in words
``zencache_seconds``              duration of the last attempt; of a hit, duration of the look-up
``zencache_origin``               of a hit: id of the execution that computed the outputs
``zencache_compared_with``        of a miss: id of the earlier execution that the reason compares with
``zencache_attempts``             number of attempts, if more than one
``zencache_seen``                 what it read without declaring it, with digests, as JSON
``zencache_dropped``              why its result may not be reused any more, in words
``zencache_brought_from``         of a result copied from another store: that store's database
``__execution_result__``          TFX's; of a failure: message and code, as JSON
================================  =====================================================================

================================  =====================================================================
Artifacts                         Typed as a TFX standard artifact where one fits, else ``zencache.Data``.
                                  INPUT and OUTPUT events have paths ``[key, index]``. Custom properties:
================================  =====================================================================
``zencache_digest``               content digest
``zencache_size``                 size in bytes
``zencache_type``                 qualified type name of the value
``zencache_materializer``         ``module:Class`` that loads it
``zencache_signature``            HMAC of its digest, if it runs code when loaded and was signed
``zencache_damaged``              why it may not be used any more: the damage found when it was read
``zencache_collected``            when gc marked its bytes for deletion; with state ``DELETED`` they are gone
``zencache_properties``           of a native component's output: digest of the properties of its content
================================  =====================================================================

Nothing here imports ml_metadata.
"""

from __future__ import annotations

# -- context types ------------------------------------------------------------------------------------

PIPELINE_CONTEXT = "pipeline"
RUN_CONTEXT = "pipeline_run"
NODE_CONTEXT = "node"
KEY_CONTEXT = "zencache.cache_key"
STEP_CONTEXT = "zencache.step"
VERSION_CONTEXT = "zencache.pipeline_version"
LEASE_CONTEXT = "zencache.lease"
STORE_CONTEXT = "zencache.store"
CONTEXT_TYPES = (
    PIPELINE_CONTEXT,
    RUN_CONTEXT,
    NODE_CONTEXT,
    KEY_CONTEXT,
    STEP_CONTEXT,
    VERSION_CONTEXT,
    LEASE_CONTEXT,
    STORE_CONTEXT,
)
STORE_NAME = "store"
OWN_PREFIX = "zencache."
"""Prefix of the context types that only zencache writes."""
PROPERTY_PREFIX = "zencache_"
"""Prefix of the custom properties that only zencache writes."""

# -- custom properties of contexts --------------------------------------------------------------------

RUNNING = "zencache_running"
PIPELINE = "zencache_pipeline"
VERSION = "zencache_version"
STATUS = "zencache_status"
SPEC = "zencache_spec"
ROOT = "zencache_root"
PINNED = "zencache_pinned"
OWNER = "zencache_owner"
BEAT = "zencache_beat"
TOKEN = "zencache_token"  # noqa: S105 - the name of a property
NEWEST_EXECUTION = "zencache_execution"
RECENT_EXECUTIONS = "zencache_recent"
STRUCTURE = "zencache_structure"
FORMAT_NUMBER = "zencache_format"
BACKUP = "zencache_backup"
RELEASED = "zencache_released"
DELETED = "zencache_deleted"
"""Of runs, pipelines and versions."""
SECONDS = "zencache_seconds"
"""Of runs and of executions."""

# -- custom properties of executions ------------------------------------------------------------------

STEP = "zencache_step"
KEY = "zencache_key"
KEY_PARTS = "zencache_key_parts"
REASON = "zencache_reason"
ORIGIN = "zencache_origin"
COMPARED_WITH = "zencache_compared_with"
ATTEMPTS = "zencache_attempts"
OBSERVED_INPUTS = "zencache_seen"
INVALIDATED = "zencache_dropped"
IMPORTED_FROM = "zencache_brought_from"
EXECUTION_RESULT = "__execution_result__"

# -- custom properties of artifacts -------------------------------------------------------------------

DIGEST = "zencache_digest"
SIZE = "zencache_size"
VALUE_TYPE = "zencache_type"
MATERIALIZER = "zencache_materializer"
SIGNATURE = "zencache_signature"
DAMAGED = "zencache_damaged"
COLLECTED = "zencache_collected"
PROPERTIES_DIGEST = "zencache_properties"
PUSHED_DESTINATION = "pushed_destination"
"""TFX's, of a `PushedModel`: where it was pushed to."""
