import re
import unicodedata

STEPS = []


def cleaning(order=0):
    def register(function):
        STEPS.append((order, function))
        STEPS.sort(key=lambda pair: pair[0])
        return function

    return register


@cleaning(order=1)
def composed(text):
    return unicodedata.normalize("NFKC", text)


@cleaning(order=5)
def lowered(text):
    return text.casefold()


@cleaning(order=3)
def expanded(text, table={"don't": "do not", "it's": "it is"}):
    for short, long in table.items():
        text = text.replace(short, long)
    return text


@cleaning(order=7)
def spaced(text):
    return re.sub(r"\s+", " ", text).strip()


def normalized(text):
    for _, function in STEPS:
        text = function(text)
    return text
