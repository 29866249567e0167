CONVERTERS = {"id": int, "amount": int, "price": float}
ALIASES = {"customer_name": "customer", "customer_since": "since"}


def flattened(table, prefix=""):
    row = {}
    for key, value in table.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            row.update(flattened(value, f"{name}_"))
        else:
            row[name] = value
    return row


def converted(row):
    named = {ALIASES.get(key, key): value for key, value in row.items()}
    return {key: CONVERTERS.get(key, str)(value) for key, value in named.items()}
