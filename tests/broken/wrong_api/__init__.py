"""A plugin that was written for another version of the API."""

from portal.api import Plugin


class WrongApi(Plugin):
    """Is ahead of its time."""

    slug, name, description, version = "wrong_api", "太新", "要第二版接口", "1.0"
    portal = ">=2,<3"


plugin = WrongApi()
