"""Texts as people hand them in that hold several problems, with the title of each."""

from __future__ import annotations

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
            "The rota PDF cuts off long names",
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
