"""Exception names of the classic API (0.1 to 0.3) for the errors of `zencache.errors`."""

from zencache.errors import AlreadyExistsError as AlreadyExistsException
from zencache.errors import NotFoundError as DoesNotExistException
from zencache.errors import NotFoundError as InitializationException
from zencache.errors import StepFailedError as PipelineNotSucceededException

__all__ = [
    "AlreadyExistsException",
    "DoesNotExistException",
    "InitializationException",
    "PipelineNotSucceededException",
]
