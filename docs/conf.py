"""How the documentation is built: ``sphinx-build -W --keep-going -b html docs docs/_build/html``."""

from base64 import b64decode
from importlib import import_module
from pathlib import Path

from matplotlib.animation import Animation, PillowWriter
from matplotlib.figure import Figure
from sphinx.util.nodes import get_node_source
from sphinx_gallery.scrapers import figure_rst, matplotlib_scraper
from sphinx_gallery.sorting import ExplicitOrder

from foveal.report import Player, film_to_html
from foveal.version import __version__

project = "Foveal"
author = "The Foveal authors"
copyright = "The Foveal authors, Apache-2.0"
release = __version__
version = release

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_nb",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples", "**/GALLERY_HEADER.rst", "auto_examples/*.ipynb"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}
nitpicky = True
# Their pages would be looked up over the network, and these are built without one.
nitpick_ignore_regex = [
    ("py:.*", r"(numpy|scipy|sklearn|joblib|matplotlib|onnx|onnxruntime|cv2|PIL|torch|supervision)(\..*)?"),
]

_shown = set()  # players, by their identity

templates_path = ["_templates"]

html_theme = "furo"
html_title = f"Foveal {release}"
html_static_path = ["_static"]
html_show_sphinx = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# Notebooks are kept without what they showed: they are executed here, like the examples of the gallery, or
# not at all with ``-D nb_execution_mode=off``.
nb_execution_mode = "force"
nb_execution_timeout = 900
nb_execution_raise_on_error = True
nb_merge_streams = True

autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
autodoc_default_options = {
    "members": True,
    # What a class has from a base without a page is on its own; what these give is known, or on theirs.
    "inherited-members": "BaseEstimator, _MetadataRequester, ClassifierMixin, Module, Optimizer, Protocol, "
    "tuple, dict, BaseException, object",
    # scikit-learn adds them to every estimator; they belong to its metadata routing.
    "exclude-members": ", ".join(
        f"set_{method}_request" for method in ("fit", "partial_fit", "predict", "predict_proba", "score")
    ),
}
numpydoc_show_class_members = False
# Types are plain words in the docstrings, not references.
numpydoc_xref_param_type = False


def figures_in_variables(block, block_vars, gallery_conf):
    """Save the figures that the code of a block has put into a variable called ``figure``.

    The figures of ``foveal.report.figures`` are made without pyplot, which the scraper of sphinx-gallery
    looks through.
    """
    made = block_vars["example_globals"].get("figure")
    if not isinstance(made, Figure) or getattr(made, "_in_the_gallery", False) or hasattr(made, "number"):
        return ""
    made._in_the_gallery = True
    path = Path(next(block_vars["image_path_iterator"]))
    made.savefig(path, dpi=130, facecolor="white")
    return figure_rst([str(path)], gallery_conf["src_dir"])


def films_in_variables(block, block_vars, gallery_conf):
    """Save the animation that the code of a block has put into a variable called ``film``, as a GIF.

    The player that matplotlib would embed asks the network for its buttons.
    """
    import matplotlib.pyplot as plt

    made = block_vars["example_globals"].get("film")
    if not isinstance(made, Animation) or getattr(made, "_in_the_gallery", False):
        return ""
    made._in_the_gallery = True
    path = Path(next(block_vars["image_path_iterator"])).with_suffix(".gif")
    made.save(path, writer=PillowWriter(fps=3), dpi=90)
    # The figure itself would be shown once more, as its last frame.
    plt.close(made._fig)
    return figure_rst([str(path)], gallery_conf["src_dir"])


def players_in_variables(block, block_vars, gallery_conf):
    """Show the film, to be gone through step by step, that the code of a block has put into ``player``."""
    made = block_vars["example_globals"].get("player")
    if not isinstance(made, Player) or id(made) in _shown:
        return ""
    _shown.add(id(made))
    # Its last frame is the picture of it in the gallery.
    path = Path(next(block_vars["image_path_iterator"]))
    path.write_bytes(b64decode(made.frames[-1].partition(",")[2]))
    lines = film_to_html(made).splitlines()
    return "\n.. raw:: html\n\n" + "\n".join(f"    {line}" for line in lines) + "\n\n"


def plain_figures(gallery_conf, name):
    """The look that all examples begin with."""
    import matplotlib.pyplot as plt

    plt.rcdefaults()
    plt.rcParams.update({"figure.dpi": 110, "savefig.facecolor": "white", "font.size": 9.5})


examples = (
    "boxes", "images", "data", "proposals", "selective_search", "anchors", "features", "convolution", "roi",
    "region_targets", "cnn_layers", "nn", "metrics", "models", "faster_rcnn", "report", "runs",
)  # fmt: skip
sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": ExplicitOrder([f"plot_{name}.py" for name in examples]),
    "image_scrapers": (
        films_in_variables,
        players_in_variables,
        matplotlib_scraper.__name__.removesuffix("_scraper"),
        figures_in_variables,
    ),
    "reset_modules": (plain_figures,),
    "capture_repr": (),
    "download_all_examples": False,
    "show_signature": False,
    "show_memory": False,
    "min_reported_time": 0,
    "remove_config_comments": True,
    "abort_on_example_error": False,
    "copyfile_regex": r"$^",
    "plot_gallery": "True",
}
suppress_warnings = ["config.cache"]


def found(dotted):
    """What a dotted name stands for; None where there is nothing of that name."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            thing = import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for name in parts[end:]:
            thing = getattr(thing, name, None)
        return thing
    return None


def private_parts(app, env, node, contnode):
    """A reference by the name of a private module: a link to its public name, or no link if it has none.

    Docstrings name things as their own module does. What is not there at all stays a broken reference.
    """
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"].removeprefix(".")
    scope = (get_node_source(node) or "").rpartition("docstring of ")[2].split(".")
    names = [".".join([*scope[:end], target]) for end in range(len(scope), -1, -1)]
    thing = next((thing for name in names if (thing := found(name)) is not None), None)
    if thing is None:
        return None
    domain = env.get_domain("py")
    for public in domain.objects:
        if public.rpartition(".")[2] == target.rpartition(".")[2] and found(public) is thing:
            role = node["reftype"]
            return domain.resolve_xref(env, node["refdoc"], app.builder, role, public, node, contnode)
    return contnode


def setup(app):
    """Called by Sphinx."""
    app.connect("missing-reference", private_parts)
