"""Checks that links within the built site lead to a page, a file or a heading; a warning names those that do not."""

import pathlib
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

from sphinx.util import logging


class Page(HTMLParser):
    """Links and anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = set(), set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        """Take note of what a tag names, and of what it refers to."""
        for name, value in attributes:
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.add(value)


def broken_links(folder):
    """Return pairs of a page and a link in it that leads nowhere."""
    pages = {path: Page(path) for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts}
    broken = []
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            has_anchor = target not in pages or not parts.fragment or unquote(parts.fragment) in pages[target].anchors
            if not target.exists() or not has_anchor:
                broken.append((path.relative_to(folder).as_posix(), link))
    return broken


def check(app, exception):
    """Check the site after it was built."""
    if exception is None and app.builder.name == "html":
        for page, link in broken_links(pathlib.Path(app.outdir)):
            logging.getLogger(__name__).warning("%s: the link %s leads nowhere", page, link)


def setup(app):
    """Connect the extension to Sphinx."""
    app.connect("build-finished", check, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
