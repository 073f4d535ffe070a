"""What a wheel of the portal carries: the code, and all that pages and migrations are made of.

In a checkout templates, static files and the core's migrations lie beside the code, where people look for
them. In a wheel they would lie loose among everybody's packages, so there they are in ``portal/_house``
(``portal.config.HOUSE``). Everything else stands in pyproject.toml.
"""

from setuptools import find_packages, setup

HOUSE = {
    "portal._house.templates": "templates",
    "portal._house.static": "static",
    "portal._house.migrations": "migrations",
}
#: What is no Python module, wherever it lies below a package; revisions are, but their folder is no package.
KINDS = ("html", "po", "md", "toml", "typ", "ttf", "txt", "svg", "css", "js", "json")
DATA = [f"**/*.{kind}" for kind in KINDS]

setup(
    packages=[*find_packages(include=["portal*", "plugins*"], exclude=["*.tests", "*.tests.*"]), *HOUSE],
    package_dir=HOUSE,
    package_data={
        "portal": [*DATA, "cli/skeleton/**/*.tmpl", "cli/skeleton/**/.*.tmpl"],
        "plugins": [*DATA, "*/migrations/*.py"],
        **{name: ["**/*"] for name in HOUSE},
    },
    exclude_package_data={"": ["**/__pycache__/*", "**/*.pyc"], "plugins": ["*/tests/*", "*/tests/**/*"]},
)
