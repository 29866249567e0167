"""scikit-learn estimators as artifacts of zencache, stored by skops without pickle."""
