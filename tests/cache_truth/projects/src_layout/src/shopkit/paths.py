from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def data(name):
    path = ROOT / name
    return path if path.exists() else ROOT / "data" / name
