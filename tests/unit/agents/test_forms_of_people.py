"""Texts as people hand them in: how many problems they hold, and what a request is called."""

from __future__ import annotations

import pytest

from include.agents.draft import draft_request
from include.agents.forms import pains_by_form

SEVERAL: list[tuple[str, list[str]]] = [
    (
        (
            "Feedback from the QBR with Ostrava Clinics:\n"
            "\n"
            "a) Nurses can't swap shifts on the phone, they have to call the office.\n"
            "b) The vacation calendar shows last year's holidays.\n"
            "c) Payroll export lacks the night surcharge column.\n"
            "\n"
            "Thanks, Jana"
        ),
        [
            "Nurses can't swap shifts on the phone, they have to call the office",
            "The vacation calendar shows last year's holidays",
            "Payroll export lacks the night surcharge column",
        ],
    ),
    (
        (
            "• Receipts printed on the till cut off the last line\n"
            "• Gift cards cannot be refunded to the original card"
        ),
        [
            "Receipts printed on the till cut off the last line",
            "Gift cards cannot be refunded to the original card",
        ],
    ),
    (
        (
            "Top asks:\n"
            "1) Bulk edit of prices \u2013 today each SKU is opened by hand\n"
            "2) Stock levels update only every 4 hours, so we oversell\n"
            "3) No way to hide discontinued products from the catalogue"
        ),
        [
            "Bulk edit of prices \u2013 today each SKU is opened by hand",
            "Stock levels update only every 4 hours, so we oversell",
            "No way to hide discontinued products from the catalogue",
        ],
    ),
    (
        (
            "Points raised by Halvorsen:\n"
            "I. The route planner ignores truck height limits.\n"
            "II. Drivers can't see the next stop offline.\n"
            "III. Toll costs are missing from the quote."
        ),
        [
            "The route planner ignores truck height limits",
            "Drivers can't see the next stop offline",
            "Toll costs are missing from the quote",
        ],
    ),
    (
        (
            "*Billing*: the invoice PDF has no PO number, so their AP department rejects it.\n"
            "*Users*: deactivated employees still count as paid seats."
        ),
        [
            "Billing: the invoice PDF has no PO number, so their AP department rejects it",
            "Users: deactivated employees still count as paid seats",
        ],
    ),
    (
        (
            "- [ ] Parents get the newsletter twice\n"
            "- [ ] Grades cannot be corrected after the term closes\n"
            "- [x] Attendance list is sorted by first name, teachers need last name"
        ),
        [
            "Parents get the newsletter twice",
            "Grades cannot be corrected after the term closes",
            "Attendance list is sorted by first name, teachers need last name",
        ],
    ),
    (
        (
            "First, the scanner app crashes when two labels are in view. Second, picking lists "
            "can't be printed in A5."
        ),
        [
            "The scanner app crashes when two labels are in view",
            "Picking lists can't be printed in A5",
        ],
    ),
    (
        (
            "They raised two issues. Number one: the door code emails arrive after check-in. "
            "Number two: cleaners can't mark a room as done from their phone."
        ),
        [
            "The door code emails arrive after check-in",
            "Cleaners can't mark a room as done from their phone",
        ],
    ),
    (
        (
            "Interviewer: What is the hardest part of your day?\n"
            "Respondent: Month end. The ledger locks for everyone while one person posts, so "
            "six of us wait.\n"
            "Interviewer: And besides that?\n"
            "Respondent: The scanned receipts are rotated the wrong way and OCR can't read them.\n"
            "Interviewer: Thank you."
        ),
        [
            "The ledger locks for everyone while one person posts, so six of us wait",
            "The scanned receipts are rotated the wrong way and OCR can't read them",
        ],
    ),
    (
        (
            "AE: how do you like it so far?\n"
            "Customer: it's fine. But we can't restrict who sees salaries.\n"
            "AE: noted. anything else?\n"
            "Customer: yes, the org chart doesn't print on one page.\n"
            "AE: thanks!"
        ),
        ["We can't restrict who sees salaries", "The org chart doesn't print on one page"],
    ),
    (
        (
            "Q: What would you change?\n"
            "A: The quote builder forgets the discount when I change the currency.\n"
            "Q: What else?\n"
            "A: I cannot send a quote to two contacts."
        ),
        [
            "The quote builder forgets the discount when I change the currency",
            "I cannot send a quote to two contacts",
        ],
    ),
    (
        (
            "Our lab technicians lose the sample link when the barcode is scanned twice.\n"
            "\n"
            "Besides that the monthly report is emailed to people who left the company a year "
            "ago.\n"
            "\n"
            "Kind regards,\n"
            "Dr. Ilse Varga\n"
            "Head of Lab\n"
            "Corvane Diagnostics GmbH\n"
            "Tel. +49 30 5550 1234"
        ),
        [
            "Our lab technicians lose the sample link when the barcode is scanned twice",
            "The monthly report is emailed to people who left the company a year ago",
        ],
    ),
    (
        (
            "We run 14 gyms in two countries.\n"
            "\n"
            "The turnstile doesn't open for members whose photo is missing.\n"
            "\n"
            "Trainers can't see each other's calendar and double-book the studio."
        ),
        [
            "The turnstile doesn't open for members whose photo is missing",
            "Trainers can't see each other's calendar and double-book the studio",
        ],
    ),
    (
        (
            "Here's what the store managers told me:\n"
            "\n"
            "The till takes 20 seconds to start up every morning.\n"
            "\n"
            "Loyalty points are not credited for click and collect.\n"
            "\n"
            "Staff discount has to be typed by hand on each line."
        ),
        [
            "The till takes 20 seconds to start up every morning",
            "Loyalty points are not credited for click and collect",
            "Staff discount has to be typed by hand on each line",
        ],
    ),
    (
        (
            "Notes call Tidewater 12/3\n"
            "- happy w/ onboarding\n"
            "- crew lists can't be exported per vessel\n"
            "- certs expiry reminder goes to wrong mgr\n"
            "- want to renew early\n"
            "- no offline mode on bridge tablet"
        ),
        [
            "Crew lists can't be exported per vessel",
            "Certs expiry reminder goes to wrong mgr",
            "No offline mode on bridge tablet",
        ],
    ),
    (
        (
            "Customer feedback (Brightside School):\n"
            "→ Parents can't see homework on Android\n"
            "→ Timetable doesn't sync with Google Calendar"
        ),
        ["Parents can't see homework on Android", "Timetable doesn't sync with Google Calendar"],
    ),
    (
        ("1 - The checkout doesn't accept Maestro.\n2 - The voucher field is hidden on phones."),
        ["The checkout doesn't accept Maestro", "The voucher field is hidden on phones"],
    ),
    (
        (
            "#1 Warehouse map can't be zoomed on the handheld\n"
            "#2 Returns without a label cannot be booked"
        ),
        [
            "Warehouse map can't be zoomed on the handheld",
            "Returns without a label cannot be booked",
        ],
    ),
    (
        (
            "PROBLEM 1: Driver app drains the battery in 3 hours.\n"
            "PROBLEM 2: Proof of delivery photos are not attached to the invoice."
        ),
        [
            "Driver app drains the battery in 3 hours",
            "Proof of delivery photos are not attached to the invoice",
        ],
    ),
    (
        (
            "Customer needs:\n"
            "- an hourly export of the sensor data to S3\n"
            "- alarms by SMS in Portuguese"
        ),
        ["An hourly export of the sensor data to S3", "Alarms by SMS in Portuguese"],
    ),
    (
        (
            "Main blockers for go-live: the SSO group mapping drops nested groups; audit events "
            "are missing the IP address; and the sandbox can't be reset."
        ),
        [
            "The SSO group mapping drops nested groups",
            "Audit events are missing the IP address",
            "The sandbox can't be reset",
        ],
    ),
    (
        (
            "SSO for contractors fails when their mail domain differs from ours.\n"
            "\n"
            "We also noticed:\n"
            "1. Passwords expire on weekends, when no admin is there."
        ),
        [
            "SSO for contractors fails when their mail domain differs from ours",
            "Passwords expire on weekends, when no admin is there",
        ],
    ),
    (
        (
            "Dear Sir or Madam,\n"
            "\n"
            "the meter readings of our tenants are shown one month late.\n"
            "\n"
            "Also, the heating bill cannot be split between two owners.\n"
            "\n"
            "Yours faithfully,\n"
            "H. Brandt\n"
            "Brandt Immobilien"
        ),
        [
            "The meter readings of our tenants are shown one month late",
            "The heating bill cannot be split between two owners",
        ],
    ),
    (
        ("- app logs out after 10 min\n- no landscape mode\n- search ignores umlauts\ncheers\nTim"),
        ["App logs out after 10 min", "No landscape mode", "Search ignores umlauts"],
    ),
    (
        (
            "Sam [09:14]: morning, quick one from Lakeside\n"
            "Sam [09:15]: their volunteers can't swap shifts themselves\n"
            "Kim [09:16]: ok\n"
            "Sam [09:17]: and the second thing: the rota PDF cuts off long names"
        ),
        [
            "Their volunteers can't swap shifts themselves",
            "The second thing: the rota PDF cuts off long names",
        ],
    ),
    (
        (
            "Call notes:\n"
            "\u2013 Price lists can't have two currencies\n"
            "\u2013 Discounts are lost when an order is split"
        ),
        ["Price lists can't have two currencies", "Discounts are lost when an order is split"],
    ),
    (
        ("1️⃣ The kiosk doesn't accept 2 euro coins\n2️⃣ Receipts can't be sent by e-mail"),
        ["The kiosk doesn't accept 2 euro coins", "Receipts can't be sent by e-mail"],
    ),
]
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


@pytest.mark.parametrize(("text", "titles"), SEVERAL, ids=[text[:24] for text, _ in SEVERAL])
def test_each_problem_is_a_part_with_a_title_of_its_own(text: str, titles: list[str]) -> None:
    parts = pains_by_form(text)
    assert parts is not None
    assert all(text[part.start : part.end] == part.quote for part in parts)
    assert [draft_request(part.quote, []).title for part in parts] == titles


@pytest.mark.parametrize(("text", "title"), ONE, ids=[text[:24] for text, _ in ONE])
def test_one_problem_stays_one_and_names_it(text: str, title: str) -> None:
    parts = pains_by_form(text) or []
    assert len(parts) < 2
    assert draft_request(parts[0].quote if parts else text, []).title == title
