import csv

from checks.registry import SOURCES
from checks.sources.fields import converted


@SOURCES.add("csv")
def read_csv(path):
    with path.open(newline="") as file:
        return [converted(row) for row in csv.DictReader(file)]


@SOURCES.add("tsv", delimiter="\t")
def read_tsv(path):
    with path.open(newline="") as file:
        return [converted(row) for row in csv.DictReader(file, delimiter=read_tsv.delimiter)]
