"""What the script beside this imports; it says zenml as well."""

from zenml.logger import get_logger
from zenml.steps import BaseStep

logger = get_logger(__name__)


def fitted(table, gamma):
    return float(table.sum() * gamma)


def cleaned(step):
    assert isinstance(step, BaseStep)
    return step
