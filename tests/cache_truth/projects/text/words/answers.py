class Answer(dict):
    """Texts with their weights, and the question."""

    def __init__(self, question, weights):
        super().__init__(weights)
        self.question = question

    @property
    def first(self):
        return max(self, key=lambda name: (self[name], name), default=None)


class Answers:
    """Answers in the order of their questions."""

    def __init__(self, answers=()):
        self.answers = tuple(answers)

    def __iter__(self):
        return iter(self.answers)
