"""Exception names of older releases (0.1 to 0.39) for the errors of `zencache.errors`."""

from zencache.errors import AlreadyExistsError as AlreadyExistsException
from zencache.errors import AlreadyExistsError as DuplicateRunNameError
from zencache.errors import AlreadyExistsError as EntityExistsError
from zencache.errors import ConnectionTypeError as ArtifactInterfaceError
from zencache.errors import DefinitionError as PipelineInterfaceError
from zencache.errors import MaterializerError as MaterializerInterfaceError
from zencache.errors import NotFoundError as DoesNotExistException
from zencache.errors import NotFoundError as InitializationException
from zencache.errors import NotFoundError as StepContextError
from zencache.errors import ParameterError as MissingStepParameterError
from zencache.errors import SettingsError as PipelineConfigurationError
from zencache.errors import StepDefinitionError as StepInterfaceError
from zencache.errors import StepFailedError as PipelineNotSucceededException

__all__ = [
    "AlreadyExistsException",
    "ArtifactInterfaceError",
    "DoesNotExistException",
    "DuplicateRunNameError",
    "EntityExistsError",
    "InitializationException",
    "MaterializerInterfaceError",
    "MissingStepParameterError",
    "PipelineConfigurationError",
    "PipelineInterfaceError",
    "PipelineNotSucceededException",
    "StepContextError",
    "StepInterfaceError",
]
