"""The tests; a package, as IPython puts a folder on the path that holds another package of this name."""
