"""Where the product's pages are: mounted into Airflow's API server, shown in a frame of its UI."""

from __future__ import annotations

from urllib.parse import urlsplit

MOUNT = "gtm-feedback"
"""Below Airflow's path: ``https://<airflow>/gtm-feedback/inbox`` is a page without the frame."""

FRAME = "feedback"
"""``url_route`` of the plugin's view: ``https://<airflow>/plugin/feedback/<path of a page>``."""


def framed_pages(airflow_url: str) -> str:
    """Where links lead: the pages inside Airflow's frame, which shows the address that follows it.

    Args:
        airflow_url: ``[api] base_url``, with or without a path (``https://host/airflow``).
    """
    base = airflow_url.rstrip("/")
    return f"{base}/plugin/{FRAME}{urlsplit(base).path}/{MOUNT}"
