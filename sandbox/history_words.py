"""What made-up customers want and say: one topic an entry, for :mod:`sandbox.history`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """Requests about one thing, as (title, description), and what customers say about it."""

    area: str
    requests: tuple[tuple[str, str], ...]
    pains: tuple[str, ...]
    weight: int = 2


TOPICS = (
    Topic(
        "reporting",
        (
            ("Export dashboards as PDF", "Save a whole dashboard as a PDF file for a meeting."),
            ("Print a dashboard on one page", "A dashboard printed as PDF should fit one page."),
            ("Put our logo on exported PDF dashboards", "PDF exports should carry our branding."),
        ),
        (
            "Every month I paste screenshots into slides because a dashboard cannot be saved.",
            "Our board wants the dashboard as a PDF. The printout cuts half of the charts off.",
            "I cannot send this to a client. It has your logo on it, not ours.",
        ),
        3,
    ),
    Topic(
        "reporting",
        (
            ("Filter charts by customer group", "One filter for all charts of a dashboard."),
            ("Save chart filters for next time", "Filters of a chart are lost on leaving it."),
            ("Share a chart with its filters", "A link to a chart should keep the filters set."),
        ),
        (
            "I set the same five filters on the chart each morning. They are gone the next day.",
            "When I send a colleague the link, she sees other numbers because my filter is lost.",
            "We need to filter all charts by customer group at once.",
        ),
    ),
    Topic(
        "reporting",
        (("Show data in our time zone", "All times are shown in UTC, also in exports."),),
        ("All times are UTC. Our shift leaders in Denver plan the wrong hours.",),
        1,
    ),
    Topic(
        "access",
        (
            ("Roles with read-only access", "A role that may look at everything, change nothing."),
            ("Roles for single projects", "Give a person a role in one project only."),
            ("Own roles with chosen permissions", "Make a role and choose what it may do."),
        ),
        (
            "Auditors need to look at everything and must not be able to change a thing.",
            "A contractor sees all our projects because roles are for the whole company.",
            "Three fixed roles are not enough for four hundred people.",
        ),
        3,
    ),
    Topic(
        "access",
        (
            ("Log of who signed in", "A list of logins with time and address."),
            ("Export the audit log to our SIEM", "Send the audit log to a security system."),
        ),
        (
            "Our security team has to see who signed in, from where and when.",
            "Without the audit log in our SIEM we fail the next certification. It is a must.",
        ),
    ),
    Topic(
        "integrations",
        (
            ("Retry webhooks that failed", "A webhook is lost when our side is down."),
            ("See which webhooks were delivered", "A list of webhook calls and answers."),
            ("Sign webhooks with a secret", "Let us verify that a webhook came from you."),
        ),
        (
            "We restarted our server for two minutes and forty webhooks never arrived.",
            "I cannot tell whether a webhook was sent. Support has to look it up for us.",
            "Anybody could post to our webhook address. We need a signature.",
        ),
        3,
    ),
    Topic(
        "integrations",
        (
            ("Sync contacts with the CRM both ways", "Changes here should reach the CRM."),
            ("Map custom CRM fields", "Choose which CRM fields are synced."),
        ),
        (
            "Sales corrects a contact in the CRM and here the old number stays for weeks.",
            "Half of what we know about a customer is in custom CRM fields that do not sync.",
        ),
    ),
    Topic(
        "mobile",
        (
            ("Work offline in the app", "Forms filled in without a connection are sent later."),
            ("Keep drafts in the app", "A form half filled in is lost when a call comes in."),
        ),
        (
            "Our drivers lose the connection in the tunnel and the form is empty again.",
            "In the basement there is no network. People write on paper and type it in at night.",
        ),
        3,
    ),
    Topic(
        "mobile",
        (("Scan barcodes with the camera", "Read a part's barcode with the phone."),),
        ("Typing a part number of fourteen digits on a phone takes longer than the repair.",),
        1,
    ),
    Topic(
        "collaboration",
        (
            ("Mute notifications at night", "No push messages outside of working hours."),
            ("Choose which notifications to get", "Too many notifications for every change."),
            ("A daily summary instead of notifications", "One message a day with what changed."),
        ),
        (
            "My phone rings at three in the morning because somebody edits a record in Sydney.",
            "I get two hundred notifications a day and now read none of them.",
            "One summary in the evening would be enough for me.",
        ),
        2,
    ),
    Topic(
        "billing",
        (
            ("Invoices with a purchase order number", "Show our order number on the invoice."),
            ("Send invoices to several addresses", "Copy invoices to accounts payable."),
        ),
        (
            "Our accounting rejects every invoice without our order number on it.",
            "The invoice goes to me and I forward it by hand each month.",
        ),
        1,
    ),
)

FIRST = (
    "Alder",
    "Birch",
    "Cobalt",
    "Delta",
    "Ember",
    "Fjord",
    "Granite",
    "Harbor",
    "Iris",
    "Juniper",
)
SECOND = ("Logistics", "Clinics", "Foods", "Insurance", "Robotics", "Schools")
