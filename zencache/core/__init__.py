"""Import paths of the oldest API."""
