"""Configuration of the documentation, which ``make docs`` builds.

Sphinx reads docs/_build/source, into which the pages are copied and all others are generated.
"""

import os
import pathlib
import sys
from importlib.util import find_spec
from urllib.error import URLError
from urllib.request import urlopen

DOCS = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS / "_extensions"), str(DOCS.parent)]
os.environ.setdefault("MPLBACKEND", "Agg")

#: A copy of MathJax, so that formulas can be read without a network.
MATHJAX = pathlib.Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax" / "tex-svg.js"

import sknn_concepts  # noqa: E402

project = "sknn_concepts"
author = copyright = "the sknn_concepts developers"
version = release = sknn_concepts.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "copied_sources",
    "local_links",
    "plain_docstrings",
    "reference_pages",
]
exclude_patterns = ["reference/examples_of/*"]
# a name in single backticks, as in docstrings, is a link where there is something of this name
default_role = "py:obj"

# a reference to a public name of this package that does not exist is an error; other libraries may be out of reach
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(?!sknn_concepts\.).*"),
    ("py:mod", ".*"),
    ("py:.*", r"sknn_concepts\.(jit|pruning\.trace)\..*"),
]

myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "none"
autosummary_generate = False  # reference_pages writes the pages
numpydoc_show_class_members = False
toc_object_entries_show_parents = "hide"

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

# The gallery -------------------------------------------------------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": [str(DOCS / "concepts"), str(DOCS / "examples")],
    "gallery_dirs": ["concepts", "examples"],
    "filename_pattern": "",
    "subsection_order": "gallery_scripts.topic_order",
    "within_subsection_order": "gallery_scripts.page_order",
    "abort_on_example_error": True,
    "reset_modules": ("matplotlib", "gallery_scripts.pillow_animations", "gallery_scripts.strict_warnings"),
    "matplotlib_animations": True,
    "capture_repr": ("_repr_html_", "__repr__"),
    "backreferences_dir": "reference/examples_of",
    "doc_module": ("sknn_concepts",),
    "reference_url": {"sknn_concepts": None},
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,
    "image_srcset": ["2x"],
}

# Other projects ----------------------------------------------------------------------------------------------------

INVENTORIES = {
    "python": "https://docs.python.org/3/",
    "numpy": "https://numpy.org/doc/stable/",
    "scipy": "https://docs.scipy.org/doc/scipy/",
    "sklearn": "https://scikit-learn.org/stable/",
    "matplotlib": "https://matplotlib.org/stable/",
}


def is_reachable(url):
    """Whether the inventory of another project can be read now; without it, its names are shown without links."""
    try:
        with urlopen(url + "objects.inv", timeout=5):
            return True
    except (URLError, OSError):
        print(f"not reachable, its names are shown without links: {url}")
        return False


intersphinx_mapping = {name: (url, None) for name, url in INVENTORIES.items() if is_reachable(url)}

# Appearance --------------------------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "sknn_concepts"
html_static_path = ["_static", str(MATHJAX)]
mathjax_path = MATHJAX.name
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_sidebars = {"index": [], "changelog": [], "architecture": []}
html_theme_options = {
    "logo": {"text": "sknn_concepts"},
    "show_prev_next": True,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": {
        "**": ["page-toc", "sg_download_links"],
        "index": [],
    },
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

# make linkcheck ----------------------------------------------------------------------------------------------------

linkcheck_timeout = 15
linkcheck_retries = 2
linkcheck_anchors = False
