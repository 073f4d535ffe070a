"""Put the parts of the web room together, in the order things happen."""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, g, has_request_context
from flask.templating import Environment
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import Expr
from markupsafe import Markup, escape
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import notices
from portal.districts import settings
from portal.identity import permissions
from portal.plugin import Setting
from portal.registry import Registry
from portal.web import (
    access,
    asked,
    assets,
    callbacks,
    display,
    errors,
    frame,
    gate,
    headers,
    htmx,
    languages,
    maps,
    server_timing,
    spoken,
    week_html,
)
from portal.words import lazy_gettext as _

csrf = CSRFProtect()

CORE_SETTINGS = (
    Setting(key="core.help_phone", label=_("服务热线"), default="", help=_("每一页同一位置显示的电话")),
    Setting(key="core.leading_body", label=_("主管部门名称"), default="", local=True),
    Setting(
        key="core.answer_within_days",
        label=_("服务台几个工作日内回电话"),
        default=3,
        type=int,
        help=_("写在留了问题的人看到的页面上；0是不写"),
        local=True,
    ),
    Setting(
        key="core.notice_text",
        label=_("本地的个人信息告知书"),
        default="",
        help=_("空着就用平台自带的。改一个字，就会请每个人重新看一遍、重新答一次"),
        local=True,
    ),
    Setting(
        key="core.ask_again_minutes",
        label=_("隔多少分钟再确认一次本人"),
        default=15,
        type=int,
        help=_("决定钱的事、导出整张表以前问；至少1分钟"),
        local=True,
    ),
    Setting(
        key="core.helpers_most",
        label=_("一个人最多请几位代办人"),
        default=3,
        type=int,
        local=True,
    ),
    Setting(
        key="core.helped_most",
        label=_("一个人最多替几位代办"),
        default=5,
        type=int,
        help=_("党费不能由一个人包办；更多的请支部收"),
        local=True,
    ),
    Setting(
        key="core.residents_may_join",
        label=_("居民可以自己用手机号开账号"),
        default=True,
        type=bool,
        help=_("关了以后，没有登记过的人要到服务台；已经开的账号照常用"),
        local=True,
    ),
    Setting(
        key="core.join_codes_a_day",
        label=_("居民开账号一天最多发多少条验证码"),
        default=200,
        type=int,
        least=1,
        help=_("防止有人乱填别人的号码，也管住短信费；到了数，当天请大家到服务台"),
        local=True,
    ),
    Setting(
        key="core.undelivered_days",
        label=_("没送到的消息留几天，方便再发"),
        default=notices.KEPT_DAYS,
        type=int,
        least=1,
        most=90,
        help=_("到了天数，内容和号码就删掉，只留下“没送到”这件事；送到的当时就删"),
        local=True,
        source="《中华人民共和国个人信息保护法》（2021年11月1日施行）第十九条：保存期限应当为实现处理目的所必要的最短时间",
    ),
    Setting(
        key="core.keep_national_id",
        label=_("保存完整的身份证号"),
        default=False,
        type=bool,
        help=_("默认只留后4位和核对用的指纹；打开后新登记的完整号码加密保存"),
        local=True,
    ),
    Setting(
        key="core.map_tiles_url",
        label=_("地图底图的网址"),
        default="",
        help=_("空着就不用底图。要用，请填https开头、带{z}、{x}和{y}的网址，打开地图的人会连到这个网站"),
        local=True,
        check=maps.is_tiles_url,
    ),
    Setting(
        key="core.map_attribution",
        label=_("底图的版权说明"),
        default="",
        help=_("照底图提供方的要求写，含审图号，显示在地图下面"),
        local=True,
    ),
    Setting(
        key="core.map_datum",
        label=_("底图用的坐标"),
        default="wgs84",
        choices=(("wgs84", "WGS-84"), ("gcj02", "GCJ-02")),
        help=_("国内的底图多数用GCJ-02，天地图用WGS-84；只影响显示，不改登记的坐标"),
        local=True,
    ),
)


class _Written(CodeGenerator):
    """Compiles ``{{ value }}`` so that what is markup already is not made markup anew, piece by piece."""

    def _output_child_pre(self, node: Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile and finalize.src is None:
            self.write("environment.piece(")
        else:
            super()._output_child_pre(node, frame, finalize)


class _Templates(Environment):
    """Flask's templates with plain globals: Jinja subtracts their names at each import of a macro.

    What is to be global is registered before the first page is rendered.
    """

    code_generator_class = _Written

    @staticmethod
    def piece(value: Any) -> str:
        """Return a value as it is put into a page: escaped, unless it is markup."""
        return value if type(value) is Markup else escape(value)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return {**self.globals, **(d or {})}


def configure(app: Flask) -> None:
    """Install the gate and everything a page needs."""
    app.extensions["portal.owners"] = {}
    if app.config["PROXIES"]:
        # Without this all visitors would share the proxy's address, and its limits. The host is never taken.
        count = app.config["PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]
    app.jinja_environment = _Templates
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    _languages(app)
    server_timing.install(app)
    gate.install(app)  # before CSRF: the token of somebody logged in lives in the loaded session
    csrf.init_app(app)
    app.before_request(asked.refuse_odd_form)
    htmx.install(app)
    asked.install(app)
    callbacks.install(app)
    headers.install(app)  # outside of all others
    assets.install(app)
    maps.install(app)
    week_html.install(app)
    frame.install(app)
    errors.install(app)
    with app.app_context():
        settings.declare({setting.key: setting for setting in CORE_SETTINGS})
    from portal.web.blueprints import core_blueprints

    for blueprint in core_blueprints(app):
        app.register_blueprint(blueprint)


def _languages(app: Flask) -> None:
    places = languages.compiled(spare=Path(app.config["DATA_DIR"]).resolve() / "translations")
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = ";".join(map(str, places))
    Babel(app, locale_selector=_locale)
    spoken.install(app)


def _locale() -> str:
    if not has_request_context():
        return "zh_Hans_CN"  # jobs and commands
    actor = g.get("actor")
    chosen = actor.language if actor is not None and actor.is_authenticated else None
    if chosen is None:
        chosen = display.language_here()
    return "en" if chosen == "en" else "zh_Hans_CN"


def mount_plugins(app: Flask, registry: Registry) -> None:
    """Register what each plugin contributes; a failing one is quarantined, the portal starts."""
    with app.app_context():
        for slug, blueprints in registry.each("register_blueprints"):
            try:
                _mount(app, slug, blueprints)
            except Exception as error:
                registry.quarantine(slug, error, where="blueprints")
        for slug, found in registry.each("register_permissions"):
            try:
                permissions.declare(found, owner=slug)
            except Exception as error:
                registry.quarantine(slug, error, where="permissions")
        for slug, found in registry.each("register_settings"):
            wrong = [setting.key for setting in found if not setting.key.startswith(f"{slug}.")]
            if wrong:
                registry.quarantine(slug, ValueError(f"settings without prefix: {wrong}"), where="settings")
            else:
                settings.declare({setting.key: setting for setting in found})


def _mount(app: Flask, slug: str, blueprints: list[Blueprint]) -> None:
    for blueprint in blueprints:
        if blueprint.name != slug and not blueprint.name.startswith(f"{slug}_"):
            raise ValueError(f"blueprint {blueprint.name!r} must be named {slug!r} or {slug}_…")
        # A blueprint with its own prefix (/v) lies outside of the districts: public check pages.
        outside = blueprint.url_prefix is not None
        prefix = blueprint.url_prefix if outside else f"/d/<district_code>/{slug}"
        if blueprint.template_folder and not Path(blueprint.root_path, blueprint.template_folder).is_dir():
            raise ValueError(f"blueprint {blueprint.name!r}: no folder {blueprint.template_folder!r}")
        app.register_blueprint(blueprint, url_prefix=prefix)
        app.extensions["portal.owners"][blueprint.name] = slug
        for endpoint, view in app.view_functions.items():
            if endpoint.startswith(f"{blueprint.name}.") and not endpoint.endswith(".static"):
                if access.of(view) is None:
                    raise ValueError(f"view {endpoint} declares no access")
