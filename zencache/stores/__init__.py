"""Where records (ML Metadata) and bytes (folders) live. Only this room imports ml_metadata."""
