"""What a step reads without declaring it, seen while it runs and checked before its result is reused."""
