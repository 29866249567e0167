"""The door to ml_metadata."""

from __future__ import annotations

import pytest

from zencache.errors import SettingsError
from zencache.metadata.connection_config import connection_config
from zencache.model.database import Database


def test_a_certificate_that_is_not_there_is_told_with_its_option(folder):
    """Not as an error of some library's."""
    with pytest.raises(SettingsError, match=r"custom_ca=.*none\.pem"):
        connection_config(Database.of(f"grpc://host?custom_ca={folder}/none.pem"))
