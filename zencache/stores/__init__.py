"""Where records (ML Metadata) and bytes (folders) live. Only this room imports ml_metadata."""

import os

# Its library reads this when it is loaded; it tells of PostgreSQL's connections on standard error otherwise.
os.environ.setdefault("GLOG_minloglevel", "3")
