"""The golden project does not hold tests: its scripts run in folders of their own."""

collect_ignore = ["project"]
