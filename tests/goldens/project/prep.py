"""What steps of the golden project call: the helper is edited between runs."""

FACTOR = 2


def scaled(values, by):
    return values * by * FACTOR


def unused(values):
    return values
