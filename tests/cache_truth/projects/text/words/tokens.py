import re
from enum import Enum, auto
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple


class Kind(Enum):
    WORD = auto()
    NUMBER = auto()
    MARK = auto()


class Token(NamedTuple):
    kind: Kind
    text: str

    @property
    def is_word(self):
        return self.kind is Kind.WORD


PATTERNS = {
    Kind.NUMBER: r"\d+(?:\.\d+)?",
    Kind.WORD: r"[a-z\u00e0-\u00ff]+",
    Kind.MARK: r"[.,;:!?]",
}
PATTERN = re.compile("|".join(f"(?P<{kind.name}>{pattern})" for kind, pattern in PATTERNS.items()))


def tokens(text):
    for match in PATTERN.finditer(text):
        yield Token(Kind[match.lastgroup], match[0])


@cache
def stop_words(name="stop.lst"):
    return frozenset((Path(__file__).parent / name).read_text().split())


ENDINGS = (("ies", "y"), ("ing", ""), ("ed", ""), ("s", ""))


@lru_cache(maxsize=512)
def stem(word):
    for ending, new in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) > 2:
            return word[: -len(ending)] + new
    return word


def terms(text):
    return [stem(token.text) for token in tokens(text) if token.is_word and token.text not in stop_words()]
