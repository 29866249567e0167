import importlib
import pkgutil
from collections import Counter

from checks.registry import RULES

WEIGHTS = {"note": 0, "warning": 1, "error": 3}


class Engine:
    """Rules in the order of their priority."""

    def __init__(self, rules, stop_at="fatal"):
        self.rules = list(rules)
        self.stop_at = stop_at

    @classmethod
    def discover(cls, package="checks.rules", **options):
        """Import all modules of a package, so that their rules register."""
        found = importlib.import_module(package)
        for module in pkgutil.iter_modules(found.__path__):
            if not module.name.startswith("_"):
                importlib.import_module(f"{package}.{module.name}")
        return cls(rule(**options) for _, rule in RULES.ordered())

    def run(self, rows):
        found = []
        for row in rows:
            for rule in self.rules:
                finding = rule.check(row)
                if finding is None:
                    continue
                found.append(finding)
                if finding["severity"] == self.stop_at:
                    break
        return found


def summed(rows, found):
    worst = Counter()
    for each in found:
        worst[each["order"]] += WEIGHTS[each["severity"]]
    clean = [row for row in rows if worst[row["id"]] == 0]
    return {
        "by severity": dict(sorted(Counter(each["severity"] for each in found).items())),
        "by rule": Counter(each["rule"] for each in found).most_common(3),
        "clean": round(sum(row["amount"] * row["price"] for row in clean), 2),
        "worst": [order for order, weight in worst.most_common(2) if weight > 1],
    }
