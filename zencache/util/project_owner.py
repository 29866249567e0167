"""Refuses a project that belongs to another user, unless this user's own configuration lists it.

A folder above the working folder may be one that all may write to. Its settings choose servers, and may
allow pickles.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from zencache.errors import SettingsError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def check_owner(folder: Path) -> None:
    """Raise SettingsError for a project's folder that this user neither owns nor lists as safe."""
    if not hasattr(os, "geteuid"):
        return
    try:
        owners = {folder.lstat().st_uid, folder.stat().st_uid}
    except OSError:
        return  # what cannot be looked at cannot be read either
    if owners <= {os.geteuid()} or _is_listed(folder.parent):
        return
    raise SettingsError(
        f"{folder} belongs to another user, whose settings this user would run with; "
        f'if you trust it, write safe_projects = ["{folder.parent.resolve()}"] into {user_configuration()}'
    )


def user_configuration() -> Path:
    """Give the file of this user's own configuration."""
    base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "zencache" / "config.toml"


def _is_listed(root: Path) -> bool:
    file = user_configuration()
    try:
        listed = tomllib.loads(file.read_text(encoding="utf-8")).get("safe_projects", [])
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot read {file}: {error}") from error
    return isinstance(listed, list) and any(each in ("*", str(root.resolve())) for each in listed)
