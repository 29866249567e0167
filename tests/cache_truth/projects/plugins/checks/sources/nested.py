import json

from checks.registry import SOURCES
from checks.sources.fields import converted, flattened


@SOURCES.add()
def json_lines(path):
    lines = path.read_text().splitlines()
    return [converted(flattened(json.loads(line))) for line in lines if line.strip()]


SOURCES["jsonl"] = json_lines
