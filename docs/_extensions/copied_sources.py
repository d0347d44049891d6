"""Copies the Markdown pages into the folder that Sphinx reads, so that nothing is generated among the sources.

In the copies, links to scripts of the gallery lead to the pages of the scripts, and names of public classes and
functions to their pages. The pages themselves can be read on GitHub, where the same links lead to the scripts.
"""

import collections
import functools
import pathlib
import re

from public_names import homes, kind_of

DOCS = pathlib.Path(__file__).resolve().parent.parent

#: Pages that are not in the folder of the documentation.
OTHERS = {"changelog.md": DOCS.parent / "CHANGELOG.md"}

#: Files that pages show or include.
SUFFIXES = {".md", ".svg", ".png", ".csv"}

#: A Markdown link to a script of the gallery.
SCRIPT = re.compile(r"\]\(((?:\.\./)*(?:[\w-]+/)*[\w-]+)\.py\)")

#: A name in a line of text, neither in a heading nor in the text of a link.
NAME = re.compile(r"(?<![\[`\w])`([\w.]+)`(?!`)")


@functools.cache
def link_targets():
    """Return the full names of public classes and functions, by these and by short names that are not ambiguous.

    Functions whose names are single words are only linked by their full names, since words may mean something else.
    """
    short = collections.defaultdict(set)
    for value, home in homes().items():
        name = home.rsplit(".", 1)[1]
        if kind_of(value) == "Classes" or "_" in name:
            short[name].add(home)
    return {home: home for home in homes().values()} | {
        name: min(full) for name, full in short.items() if len(full) == 1
    }


def link_names(text):
    """Return Markdown with references to public names outside of code and headings."""

    def lead_to_reference(match):
        home = link_targets().get(match.group(1))
        return f"{{py:obj}}`{match.group(1)} <{home}>`" if home else match.group()

    lines, in_code = [], False
    for line in text.split("\n"):
        in_code ^= line.lstrip().startswith("```")
        lines.append(line if in_code or line.startswith("#") else NAME.sub(lead_to_reference, line))
    return "\n".join(lines)


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

    text = SCRIPT.sub(lead_to_page, text).replace("](../CHANGELOG.md)", "](changelog.md)")
    return link_names(text).encode()


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
