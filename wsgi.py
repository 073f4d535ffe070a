"""The WSGI entry point: ``granian --interface wsgi wsgi:application``."""

from portal.app import create_app

application = create_app()
