"""Computing steps in worker processes: the pool, the task that it sends, and the process's side."""
