"""Care for what a project has stored: its size, gc, verification, repair, deletion and invalidation."""
