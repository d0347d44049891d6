"""Copies the Markdown pages into the folder that Sphinx reads, so that nothing is generated among the sources.

In the copies, links to scripts of the gallery lead to the pages of the scripts. The pages themselves can be read on
GitHub, where the same links lead to the scripts.
"""

import pathlib
import re

DOCS = pathlib.Path(__file__).resolve().parent.parent

#: Pages that are not in the folder of the documentation.
OTHERS = {"changelog.md": DOCS.parent / "CHANGELOG.md"}

#: Files that pages show or include.
SUFFIXES = {".md", ".svg", ".png", ".csv"}

#: A Markdown link to a script of the gallery.
SCRIPT = re.compile(r"\]\(((?:\.\./)*(?:[\w-]+/)*[\w-]+)\.py\)")


def sources():
    """Return the files to copy by their paths in the documentation."""
    found = {
        path.relative_to(DOCS).as_posix(): path
        for path in sorted(DOCS.rglob("*"))
        if path.suffix in SUFFIXES and not path.relative_to(DOCS).parts[0].startswith("_")
    }
    return found | OTHERS


def page_of(path):
    """Return the text of a page with links to pages instead of scripts."""
    text = path.read_text(encoding="utf-8")
    if path.parent == DOCS.parent:
        text = text.replace("](docs/", "](")

    def lead_to_page(link):
        exists = (path.parent / f"{link.group(1)}.py").exists()
        return f"]({link.group(1)}.rst)" if exists else link.group()

    return SCRIPT.sub(lead_to_page, text).replace("](../CHANGELOG.md)", "](changelog.md)").encode()


def copy(into):
    """Copy what has changed into a folder, and delete what is gone."""
    wanted = sources()
    for path in into.rglob("*.md"):
        if path.relative_to(into).as_posix() not in wanted:
            path.unlink()
    for name, path in wanted.items():
        content = page_of(path) if path.suffix == ".md" else path.read_bytes()
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists() or target.read_bytes() != content:
            target.write_bytes(content)


def setup(app):
    """Connect the extension to Sphinx, before all that reads or writes pages."""
    app.connect("builder-inited", lambda app: copy(pathlib.Path(app.srcdir)), priority=50)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
