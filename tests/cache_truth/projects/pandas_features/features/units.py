MINUTES_PER_H = 60


def km_per_h(km, minutes):
    return km / minutes * MINUTES_PER_H


def miles(km, factor=0.6214):
    return km * factor
