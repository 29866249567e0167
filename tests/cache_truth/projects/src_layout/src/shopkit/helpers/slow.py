from decimal import ROUND_HALF_UP, Decimal

STEP = Decimal("0.05")


def rounded(value):
    return float((Decimal(repr(value)) / STEP).quantize(Decimal(1), ROUND_HALF_UP) * STEP)
