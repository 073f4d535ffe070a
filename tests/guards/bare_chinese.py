"""Chinese that no catalogue can reach: literals outside of gettext, in templates and in code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, nodes

HAN = re.compile(r"[\u3400-\u9fff]")
CALLS = {"_", "_l", "gettext", "lazy_gettext", "ngettext", "lazy_ngettext", "_n"}

#: Files whose Chinese is no word of a screen, each with its reason.
ALLOWED = {
    "portal/config.py": "the site's name, which a deployer sets",
    "portal/testing/world.py": "invented data of tests",
    "portal/web/catalogue.py": "the catalogue of components, for developers",
    "portal/web/catalogue_parts.py": "the catalogue of components, for developers",
    "portal/notices/templates.py": "words that must not stand in a text message",
    "portal/organizations/names.py": "how names of companies are written",
    "portal/organizations/reading.py": "how people write what they look for",
    "portal/organizations/units.py": "how addresses end",
    "portal/organizations/lines.py": "the state's own name of a branch of one unit",
    "portal/cli/imports.py": "commands speak to whoever runs the installation",
    "portal/cli/demo_run.py": "commands speak to whoever runs the installation",
    "plugins/bookings/agreement_form.py": "how people write days and hours",
    "plugins/bookings/sheet_columns.py": "headers of the sheet as centers write them",
    "plugins/bookings/typed.py": "how people write days and hours",
    "plugins/bookings/opening_words.py": "how people write opening hours",
    "plugins/dues/commands.py": "commands speak to whoever runs the installation",
    "plugins/dues/sheets.py": "official words of the sheet",
    "plugins/dues/base_columns.py": "official words of the sheet",
    "plugins/dues/settings.py": "names of the instruments that set a rule",
}
ROOMS_ALLOWED = {
    "portal/sheets": "official headers and words of the sheets; screen_words says them on pages",
    "portal/demo": "invented data",
}
#: A literal that is data, a file's name or a header of a handed-out sheet: (file, text).
ALLOWED_TEXTS = {
    (
        "portal/web/setup.py",
        "《中华人民共和国个人信息保护法》（2021年11月1日施行）第十九条：保存期限应当为实现处理目的所必要的最短时间",
    ): "name of the instrument that sets a rule, and its words",
    ("portal/members/rights.py", "已删除"): "written into the record instead of a name",
    ("portal/identity/forgetting.py", "已删除"): "written into the account instead of a name",
    ("portal/members/merging.py", "并入 "): "written into the record of a merged member",
    ("plugins/dues/service/cash_account.py", "党费（支部代收现金）"): "name of an account in the books",
    ("plugins/offline_payment/provider.py", "收款方式要写 cash（现金）、pos（刷卡机）或 bank（转账）"): (
        "for the programmer who calls it"
    ),
    ("plugins/dues/views/openings.py", r"(20\d\d)[-./年]?(\d{1,2})月?"): "how people write a month",
    ("plugins/dues/views/reliefs.py", "元"): "how people write a sum",
    ("portal/districts/setting_values.py", "元"): "how people write a sum",
}
#: What a template may say in Chinese to everybody.
ALLOWED_MARKS = {("templates/partials/foot.html", "中文</button>"): "the way back into Chinese"}
#: Files that write official sheets: their headers and names stay Chinese in every language.
SHEETS = {
    "portal/desk/members.py",
    "portal/desk/organizations.py",
    "portal/desk/units.py",
    "plugins/dues/views/ledger.py",
    "plugins/dues/views/bases.py",
    "plugins/dues/views/cash_form.py",
}


def in_code(root: Path) -> list[str]:
    """Return literals with Chinese outside of gettext in the portal's and the plugins' code."""
    found = []
    for path in sorted([*root.glob("portal/**/*.py"), *root.glob("plugins/**/*.py")]):
        name = path.relative_to(root).as_posix()
        skipped = {"tests", "migrations"} & set(name.split("/")) or re.match(r"demo(_\w+)?\.py$", path.name)
        if skipped or name in ALLOWED or name in SHEETS or name.startswith(tuple(ROOMS_ALLOWED)):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [
            f"{name}:{one.lineno} {one.value[:40]}"
            for one in _constants(tree)
            if (name, one.value) not in ALLOWED_TEXTS
        ]
    return found


def _constants(node: ast.AST) -> Iterator[ast.Constant]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and _called(child.func) in CALLS:
            continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue  # a docstring
        if isinstance(child, ast.Constant) and isinstance(child.value, str) and HAN.search(child.value):
            yield child
        yield from _constants(child)


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def in_templates(root: Path) -> list[str]:
    """Return Chinese in templates that asks for no translation, in the text and in expressions."""
    found = []
    parser = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.loopcontrols"], autoescape=True)
    for path in sorted([*root.glob("templates/**/*.html"), *root.glob("plugins/*/templates/**/*.html")]):
        name = path.relative_to(root).as_posix()
        if "dev" in name.split("/"):
            continue  # the catalogue of components, for developers
        tree = parser.parse(path.read_text(encoding="utf-8"))
        found += [f"{name}:{line} {text}" for line, text in _said(tree) if (name, text) not in ALLOWED_MARKS]
    return found


def _said(node: nodes.Node) -> Iterator[tuple[int, str]]:
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.Call) and getattr(child.node, "name", "") in CALLS:
            continue
        if isinstance(child, nodes.TemplateData):
            for offset, line in enumerate(child.data.splitlines()):
                # The mark of the house, and what says itself that it is Chinese.
                if HAN.search(line) and "brand-mark" not in line and 'lang="zh-CN"' not in line:
                    yield child.lineno + offset, line.strip()[:60]
        elif isinstance(child, nodes.Const) and isinstance(child.value, str) and HAN.search(child.value):
            yield child.lineno, child.value[:60]
        yield from _said(child)
