SEPARATOR = ","
_LIMIT = 1


def split(text):
    return text.split(SEPARATOR, _LIMIT)


def padded(text, width):
    return text.ljust(width, ".")
