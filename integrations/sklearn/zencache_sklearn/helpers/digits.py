"""Loads scikit-learn's bundled handwritten digits in two halves, and creates a model for them."""

from __future__ import annotations

from typing import Any


def get_digits() -> tuple[Any, Any, Any, Any]:
    """Give `X_train, X_test, y_train, y_test`: images as rows of 64 floats from 0 to 16, labels as ints.

    >>> [part.shape for part in get_digits()]
    [(898, 64), (899, 64), (898,), (899,)]
    """
    from sklearn.datasets import load_digits  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415 - imported when called
    from sklearn.model_selection import train_test_split  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415 - imported when called

    digits = load_digits()
    images = digits.images.reshape((len(digits.images), -1))
    X_train, X_test, y_train, y_test = train_test_split(images, digits.target, test_size=0.5, shuffle=False)  # noqa: N806
    return X_train, X_test, y_train, y_test


def get_digits_model() -> Any:
    """Give an unfitted support vector classifier that suits the digits."""
    from sklearn.svm import SVC  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415 - imported when called

    return SVC(gamma=0.001)
