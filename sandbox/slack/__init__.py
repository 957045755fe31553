"""A Slack workspace in one process: the Web API, a page to click in, and an API for tests.

For the demo and for tests only. Production code reaches it by protocol (a base URL and a signing
secret) and never imports it.
"""
