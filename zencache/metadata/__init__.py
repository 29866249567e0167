"""The records of a project in ML Metadata. Only this package imports ml_metadata."""

import os

# The library reads this when it is loaded; otherwise it reports PostgreSQL's connections on standard error.
os.environ.setdefault("GLOG_minloglevel", "3")
