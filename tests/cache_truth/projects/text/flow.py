"""Reads a few texts and makes an index: regexes, dispatch tables, singledispatch and caches."""

from zencache import pipeline, step

from words import readers
from words.answers import Answers
from words.clean import normalized
from words.index import Index
from words.show import show


@step
def documents(folder: str = "texts") -> dict:
    """Read each file with the reader of its suffix."""
    return {name: normalized(text) for name, text in readers.read_all(folder)}


@step
def index(texts: dict) -> Index:
    """Count the words of each text."""
    made = Index(lowest=1)
    for name, text in texts.items():
        made.add(name, text)
    return made


@step
def answers(made: Index) -> Answers:
    """Ask the index some questions."""
    from words.query import ask

    questions = ("river AND stone", "night OR boat", "river AND NOT stone", "bo*")
    return Answers(ask(made, question) for question in questions)


@step
def page(texts: dict, made: Index, answered: Answers) -> str:
    """Show all of it."""
    return "\n".join([show(made), *map(show, answered), show(len(texts)), show({"texts": sorted(texts)})])


@pipeline
def indexing():
    texts = documents()
    made = index(texts)
    page(texts, made, answers(made))


def build():
    return indexing()
