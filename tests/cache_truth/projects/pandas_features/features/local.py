RATE = 0.05


def bonus(table):
    return (table["km"] * RATE).clip(upper=2)
