"""Ways to damage an artifact of the project `shop`, and to look at it."""

from __future__ import annotations

import shutil

from zencache import Repository
from zencache.artifacts.manifest import MANIFEST, Manifest
from zencache.config import find_project
from zencache.metadata.session import open_records


def output(run="first", step="scale"):
    return Repository().get_run(run).steps[step].output


def folder_of(run="first", step="scale"):
    return output(run, step).folder


def client():
    return open_records(find_project()).metadata.client


def write(path, data):
    path.chmod(0o644)
    path.write_bytes(data)


def swap(folder):
    """Change bytes, and keep the size."""
    file = folder / "array.npy"
    write(file, file.read_bytes()[:-8] + b"\1" * 8)


def truncate(folder):
    file = folder / "array.npy"
    write(file, file.read_bytes()[:-8])


def remove_file(folder):
    (folder / "array.npy").unlink()


def add_file(folder):
    (folder / "more.bin").write_bytes(b"more")


def add_empty_file(folder):
    (folder / "more.bin").touch()


def remove_manifest(folder):
    (folder / MANIFEST).unlink()


def garble_manifest(folder):
    write(folder / MANIFEST, b"{")


def swap_with_manifest(folder):
    """Change bytes, and the manifest with them: only the record tells."""
    swap(folder)
    write(folder / MANIFEST, Manifest.of(folder).to_json())


def replace_by_file(folder):
    shutil.rmtree(folder)
    folder.write_text("no artifact")
