"""`python -m zencache`."""

from zencache.cli import main

main()
