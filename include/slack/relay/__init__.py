"""Receives Slack's calls: verify, store, acknowledge, and only then act."""
