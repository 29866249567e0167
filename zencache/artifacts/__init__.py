"""The bytes of a project's artifacts, on this machine or in a remote store. Only this package imports fsspec."""

from zencache.util.legacy_hooks import names_of

__getattr__ = names_of(
    __name__,
    dict.fromkeys(
        (
            *("BaseArtifact", "DataArtifact", "DataAnalysisArtifact", "ModelArtifact"),
            *("SchemaArtifact", "ServiceArtifact", "StatisticsArtifact"),
        ),
        "zencache.compat.artifacts",
    ),
)
