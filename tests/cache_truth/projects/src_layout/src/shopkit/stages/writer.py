import shopkit

from ..helpers.strings import padded

if shopkit.currency == "EUR":
    FORM = "{:.2f} EUR"
else:
    FORM = "{:.0f}"


class Writer:
    width = 20

    def __init__(self):
        self.lines = []
        self.total = 0.0

    @property
    def text(self):
        return "\n".join(self.lines)

    def open(self):
        self.lines.append("Bill".center(self.width))

    def line(self, name, count, amount):
        self.lines.append(padded(f"{count} {name}", self.width) + FORM.format(amount))
        self.total += amount

    def close(self):
        self.lines.append(padded("total", self.width) + FORM.format(self.total))
        if self.total > 20:
            import shopkit.stages.thanks as thanks

            self.lines.append(thanks.WORDS[len(self.lines) % len(thanks.WORDS)])
