"""The logger of older releases."""

from __future__ import annotations

import logging


def get_logger(name: str) -> logging.Logger:
    """Give Python's own logger of that name, which shows messages from INFO on, as before (0.3 to 0.39).

    >>> get_logger("training").isEnabledFor(logging.INFO)
    True
    """
    logger = logging.getLogger(name)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    if not logger.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
    return logger
