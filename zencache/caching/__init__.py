"""The cache key: what it is made of, and what makes two keys differ."""
