"""`zencache.core.repo.repo.Repository`: where the oldest API had it."""
