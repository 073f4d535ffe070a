"""A strict stand-in for WeChat Pay, for the demo and the tests; not part of an installation.

It knows nothing of the portal and shares no code with its client: what both believe of WeChat is held against
WeChat's published signature examples and against a released third-party SDK.
"""
