"""Digests a step's code by content: the function and all of the user's own code that it reaches."""
