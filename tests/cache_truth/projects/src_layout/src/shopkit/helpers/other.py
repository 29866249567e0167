def gross(price):
    return price
