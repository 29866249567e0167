"""The methods of forecasting, by the names that the settings use."""

METHODS = {}


def method(name):
    def register(function):
        METHODS[name] = function
        return function

    return register


@method("last")
def last_value(values, model):
    return values[-1]


@method("mean")
def plain_mean(values, model):
    return sum(values) / len(values)


@method("smooth")
def smoothed(values, model):
    level = values[0]
    for value in values[1:]:
        level = model.alpha * value + (1 - model.alpha) * level
    return level


@method("season")
def seasonal(values, model):
    if len(values) < model.season:
        return smoothed(values, model)
    return values[-model.season]


def one(values, horizon, model):
    """Forecast some weeks, each from those before and the forecasts so far."""
    values = list(values)
    forecasts = []
    for ahead in range(horizon):
        value = METHODS[model.method](values, model) * model.damping**ahead
        value = max(value, model.floor)
        forecasts.append(round(value, 3))
        values.append(value)
    return forecasts


def forecast_all(table, horizon, model):
    return {product: one(weeks.values(), horizon, model.of(product)) for product, weeks in table.items()}
