"""Excludes the projects that are mutated from collection: each is run in a folder of its own."""

collect_ignore = ["projects"]
