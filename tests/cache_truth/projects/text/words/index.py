from collections import Counter, defaultdict
from math import log

from .tokens import terms


class Index:
    """Texts by their terms."""

    def __init__(self, lowest=1):
        self.lowest = lowest
        self.counts = {}
        self.places = defaultdict(list)

    def add(self, name, text):
        counted = Counter(terms(text))
        self.counts[name] = {term: n for term, n in counted.items() if n >= self.lowest}
        for term in self.counts[name]:
            self.places[term].append(name)

    def __getstate__(self):
        return {"lowest": self.lowest, "counts": self.counts}

    def __setstate__(self, state):
        self.__dict__.update(state, places=defaultdict(list))
        for name, counted in self.counts.items():
            for term in counted:
                self.places[term].append(name)

    def __contains__(self, term):
        return term in self.places

    def __len__(self):
        return len(self.places)

    def weight(self, term, name):
        if term not in self:
            return 0.0
        rare = log((1 + len(self.counts)) / (1 + len(self.places[term]))) + 1
        return self.counts[name].get(term, 0) * rare

    def best(self, name, count=3):
        ranked = sorted(self.counts[name], key=lambda term: (-self.weight(term, name), term))
        return ranked[:count]
