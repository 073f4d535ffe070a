"""The core of the service-center portal; it knows no plugin by name."""

API_VERSION = "1.0"

VERSION = "0.1.0"
