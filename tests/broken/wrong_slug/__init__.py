"""A plugin whose slug is not its folder's name."""

from portal.api import Plugin


class WrongSlug(Plugin):
    """Is called otherwise."""

    slug, name, description, version = "other", "错名", "名字不对", "1.0"


plugin = WrongSlug()
