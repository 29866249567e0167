"""Excludes the scripts of other libraries from collection: only their own environments can import those."""

collect_ignore_glob = ["scripts/*"]
