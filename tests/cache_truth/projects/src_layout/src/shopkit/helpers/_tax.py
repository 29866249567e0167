RATES = {"normal": 19, "less": 7}


class Tax:
    def __init__(self, name, rate):
        self.name = name
        self.rate = rate

    def add(self, price):
        return price * (100 + self.rate) / 100
