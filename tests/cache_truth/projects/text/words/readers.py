import html
import re
from pathlib import Path

TAG = re.compile(r"<[^>]+>")
HEADING = re.compile(r"^#+\s*", re.MULTILINE)


def read_plain(text):
    return text


def read_markdown(text):
    return HEADING.sub("", text).replace("*", "").replace("_", "")


def read_html(text):
    return html.unescape(TAG.sub(" ", text))


def read_table(text, separator=";"):
    lines = [line.split(separator) for line in text.splitlines()]
    return ". ".join(cells[1] for cells in lines[1:] if len(cells) > 1)


READERS = {
    ".txt": read_plain,
    ".md": read_markdown,
    ".html": read_html,
    ".csv": read_table,
}


def read_all(folder):
    root = Path(__file__).parent.parent / folder
    for path in sorted(root.rglob("*")):
        reader = READERS.get(path.suffix)
        if reader and path.is_file():
            yield path.stem, reader(path.read_text(encoding="utf-8"))
