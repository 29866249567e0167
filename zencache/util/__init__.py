"""Small tools that know nothing of pipelines."""
