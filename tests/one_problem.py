"""Texts as people hand them in that hold one problem, with its title."""

from __future__ import annotations

ONE: list[tuple[str, str]] = [
    (
        (
            "Steps to reproduce:\n"
            "1. Open the invoice\n"
            "2. Click on Refund\n"
            "3. Wait for the error\n"
            "Expected: refund is booked. Actual: error 500."
        ),
        "Error 500",
    ),
    (
        (
            "To book a class one has to:\n"
            "- open the calendar\n"
            "- pick a trainer, which doesn't show who is free\n"
            "- type the member number again\n"
            "It takes 5 minutes per member."
        ),
        "It takes 5 minutes per member",
    ),
    (
        (
            "The sync with Xero fails since Monday.\n"
            "It affects:\n"
            "- invoices that need a tax code\n"
            "- credit notes that are missing a contact\n"
            "- bills without an attachment"
        ),
        "The sync with Xero fails since Monday",
    ),
    (
        (
            "[00:01:12] Priya: Hey, thanks for joining!\n"
            "[00:01:15] Luc: Sure, happy to.\n"
            "[00:01:20] Priya: How's it going with the harvest planner?\n"
            "[00:01:24] Luc: Good overall, the crew likes the maps.\n"
            "[00:01:40] Priya: Anything slowing you down?\n"
            "[00:01:44] Luc: When a field is split in two, the spraying history stays with the "
            "old one and we have to copy it by hand for the auditor.\n"
            "[00:02:01] Priya: Got it, I'll write that down.\n"
            "[00:02:05] Luc: Great."
        ),
        "The spraying history stays with the old one and we have to copy it by hand",
    ),
    (
        (
            "Maya Lindqvist  10:02 AM\n"
            "Customer on the phone says the alarm history only goes back 7 days, insurers ask "
            "for 90.\n"
            "Tom Reyes  10:05 AM\n"
            "ouch\n"
            "Maya Lindqvist  10:06 AM\n"
            "I told them we'd look into it"
        ),
        "Customer on the phone says the alarm history only goes back 7 days",
    ),
    (
        (
            "Hi Marta,\n"
            "\n"
            "hope you are well! As discussed on Tuesday, our volunteers can't sign in with "
            "their phone number, only with e-mail, and half of them do not have one.\n"
            "\n"
            "Could you let me know whether that is planned?\n"
            "\n"
            "Best wishes,\n"
            "Oskar\n"
            "\n"
            "--\n"
            "Oskar Lind | Volunteer Coordinator | Red Harbour Foundation\n"
            "This e-mail is confidential. If you are not the intended recipient you must not "
            "copy it."
        ),
        "Our volunteers can't sign in with their phone number, only with e-mail",
    ),
    (
        (
            "Thanks, that fixed the first problem. But the door log still doesn't show who "
            "opened the gate.\n"
            "\n"
            "On Tue, 4 Aug 2026 at 09:12, Support <support@gatehouse.example> wrote:\n"
            "> Hi Jonas,\n"
            "> we are sorry that the app crashed. Please update to 4.2, it should not crash any "
            "more.\n"
            "> If you need anything else let us know."
        ),
        "The door log still doesn't show who opened the gate",
    ),
    (
        (
            "From: Delphine Aubry\n"
            "Sent: Monday, 3 August 2026 10:11\n"
            "To: Support\n"
            "Subject: Re: tenant portal\n"
            "\n"
            "The tenants cannot upload photos larger than 2 MB, so the damage reports arrive "
            "without any.\n"
            "\n"
            "-----Original Message-----\n"
            "From: Support\n"
            "We had an issue with uploads last week which should be fixed. Do you still need help?"
        ),
        "The tenants cannot upload photos larger than 2 MB",
    ),
    (
        (
            "We run 14 gyms in two countries.\n"
            "\n"
            "Members often freeze their contract in summer.\n"
            "\n"
            "The app can't pause the direct debit, so we cancel and recreate the contract by hand."
        ),
        "The app can't pause the direct debit, so we cancel and recreate the contract",
    ),
    (
        (
            "Sub-accounts can't have their own tax number.\n"
            "- needed for Italy\n"
            "- needed for Spain\n"
            "- without it invoices are rejected"
        ),
        "Sub-accounts can't have their own tax number",
    ),
    (
        ("Filters: Status (open, closed) must survive a reload.\nColumns: width must survive too."),
        "Status (open, closed) must survive a reload",
    ),
    (
        ("The export takes 12 min. 1) is a first guess."),
        "The export takes 12 min",
    ),
    (
        (
            "We need it for 1. FC Köln and 2. Bundesliga clubs, because the ticket scanner "
            "can't read their codes."
        ),
        "The ticket scanner can't read their codes",
    ),
    (
        (
            "The import fails for these customers:\n"
            "- Tarn & Sons\n"
            "- Brightside School\n"
            "- Ostrava Clinics"
        ),
        "The import fails for these customers",
    ),
    (
        (
            "Roles we have: admin, clerk, driver.\n"
            "\n"
            "A driver can't see the tip he earned until payroll has run, which leads to a lot "
            "of calls."
        ),
        "A driver can't see the tip he earned until payroll has run",
    ),
    (
        (
            "We tried the following workarounds:\n"
            "1. exporting to CSV\n"
            "2. using the API\n"
            "None of them keeps the colour of the tags."
        ),
        "We tried the following workarounds",
    ),
    (
        (
            "WEBVTT\n"
            "\n"
            "00:00:01.000 --> 00:00:04.000\n"
            "<v Ana>How do you handle returns?\n"
            "\n"
            "00:00:04.500 --> 00:00:12.000\n"
            "<v Luis>We print the label twice because the first one never has the order number "
            "on it."
        ),
        "We print the label twice because the first one never has the order number on it",
    ),
    (
        (
            "Hi all,\n"
            "\n"
            "Quick feedback from Mill Lane Surgery: patients who cancel by SMS stay in the "
            "calendar, so the slot is never offered again.\n"
            "\n"
            "Thanks!\n"
            "Beth\n"
            "--\n"
            "Beth Ode\n"
            "Customer Success | 020 7946 0000"
        ),
        "Patients who cancel by SMS stay in the calendar",
    ),
    (
        (
            "Hello,\n"
            "I wanted to let you know that our judges cannot enter scores offline.\n"
            "The wifi in the hall is bad.\n"
            "We print forms and type them in at night.\n"
            "Regards\n"
            "Iva"
        ),
        "Our judges cannot enter scores offline",
    ),
    (
        ("+1 from us. The pager app rings on silent mode and wakes the whole ward."),
        "The pager app rings on silent mode and wakes the whole ward",
    ),
    (
        (
            "Begin forwarded message:\n"
            "\n"
            "From: Jo Park <jo@lakeside.example>\n"
            "Subject: Locker codes\n"
            "Date: 3 August 2026\n"
            "\n"
            "The locker codes are e-mailed to the club and not to the member, who then stands "
            "in front of it."
        ),
        "The locker codes are e-mailed to the club and not to the member",
    ),
    (
        (
            "FYI, see below what Jo wrote.\n"
            "\n"
            "-----Original Message-----\n"
            "From: Jo Park\n"
            "Sent: Monday\n"
            "Subject: Locker codes\n"
            "\n"
            "The locker codes are e-mailed to the club and not to the member, who can't open it."
        ),
        "The locker codes are e-mailed to the club and not to the member",
    ),
]
