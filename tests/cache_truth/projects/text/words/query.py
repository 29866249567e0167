"""A small language of questions; imported by the step that asks."""

import operator
import re
from fnmatch import fnmatchcase

from words.answers import Answer
from words.tokens import stem

OPERATORS = {"AND": operator.and_, "OR": operator.or_, "NOT": operator.sub}
SPLIT = re.compile(r"\s+(AND NOT|AND|OR)\s+")


def matching(index, word):
    word = word.lower()
    if "*" in word:
        return {term for term in index.places if fnmatchcase(term, word)}
    return {stem(word)} & set(index.places)


def names(index, word):
    return {name for term in matching(index, word) for name in index.places[term]}


def ask(index, question):
    first, *rest = SPLIT.split(question)
    chosen = names(index, first)
    words = [first]
    for connective, word in zip(rest[::2], rest[1::2]):
        chosen = OPERATORS[connective.split()[-1]](chosen, names(index, word))
        if not connective.endswith("NOT"):
            words.append(word)
    weights = {
        name: round(sum(index.weight(term, name) for word in words for term in matching(index, word)), 4)
        for name in sorted(chosen)
    }
    return Answer(question, weights)
