"""``python -m include.operations COMMAND``: what is unfinished and why, and letting it go on.

It also erases, exports and forgets; that changes nothing without ``--apply``: what would be is
counted and rolled back. Run it where Airflow runs, with the product's connections. Without a
command it lists them all.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.base.connections import read_as_server
from include.base.errors import FatalError, TransientError
from include.operations import interventions
from include.operations.erasure import about, erase
from include.operations.lists import LISTS, rows_of
from include.operations.retention import forget_old
from include.people.actor import Action, Actor, Standing
from include.people.audit import write_down
from include.store.session import session_scope

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH = 60
PRIVACY = {
    "erase-person": "Erase a person, by e-mail address or Slack user id",
    "erase-account": "Erase a customer, by the account's id",
    "export-person": "Print all that is held about a person, as JSON",
    "apply-retention": "Forget what is older than the setting 'retention' says",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command; 2 when it was wrong or could not be done, and the reason is said."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(given or ["--help"])
    try:
        said = _lists(options) if options.command in LISTS else _act(options)
    except (FatalError, TransientError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{said}\n")
    return 0


def _lists(options: argparse.Namespace) -> str:
    with session_scope() as session:
        rows = rows_of(session, options.command, **vars(options))
    return table(rows) if rows else f"{LISTS[options.command].what}: none."


def _act(options: argparse.Namespace) -> str:
    if options.command in PRIVACY:
        result = _privacy(options)
        return json.dumps(result, indent=2, default=str, ensure_ascii=False)
    if options.command == "stuck":
        return _stuck(options)
    if options.command == "shadow":
        return _shadow(options.days)
    if options.command == "resume":
        from include.durable import catch_up

        said = f"Continued: {catch_up.resume(options.dag, options.run)}"
        with session_scope() as session:
            run = f"run:{options.dag}/{options.run}"[:200]
            write_down(session, _operator(options), Action.OPERATE, run)
        return said
    if options.command == "restore":
        from include.entries.set_aside import restore_by_id

        done = restore_by_id(options.entry, lambda _session: _operator(options))
        return f"Entry {options.entry} is taken up again." if done["restored"] else "It was before."
    with session_scope() as session:
        said = _change(session, options)
    from include.outbox.effects import sweep
    from include.outbox.sender import Messages

    sweep(Messages())
    return said


def _privacy(options: argparse.Namespace) -> dict[str, Any]:
    actor = _operator(options)
    if options.command == "apply-retention":
        rows = forget_old(session_scope, dry_run=not options.apply)
        return {"applied": options.apply, "rows": rows}
    if options.command == "export-person":
        with session_scope() as session:
            return about(session, options.who, actor)
    what = options.command.removeprefix("erase-")
    return erase(what, options.who, actor, dry_run=not options.apply)


def _change(session: Any, options: argparse.Namespace) -> str:
    actor = _operator(options)
    if options.command == "answer":
        return interventions.answer_for(
            session, options.question, options.choice, actor=actor, request=options.request
        )
    if options.command == "close":
        return interventions.close_question(session, options.question, actor=actor)
    if options.command == "set-thresholds":
        return interventions.set_thresholds(
            session, options.attach, options.ask, actor=actor, note=options.note, area=options.area
        )
    write_down(session, actor, Action.OPERATE, f"command:{options.command}")
    if options.command == "drop-vectors":
        return interventions.drop_vectors(session, options.key)
    keys = {"add-key": interventions.add_key, "retire-keys": interventions.retire_keys}
    return keys[options.command](session)


def _shadow(days: int) -> str:
    from include.entries.shadow_report import report_lines, shadow_report

    now = datetime.now(UTC)
    with session_scope() as session:
        return "\n".join(report_lines(shadow_report(session, now - timedelta(days=days), now)))


def _stuck(options: argparse.Namespace) -> str:
    from include.base.settings import load_settings
    from include.operations.stuck import sweep

    older_than = timedelta(minutes=load_settings().stuck_after_minutes)
    found = sweep(older_than, rerun=options.rerun)
    if not found["stuck"]:
        return "Nothing is stuck."
    shown = table(found["stuck"])
    if options.rerun:
        with session_scope() as session:
            write_down(session, _operator(options), Action.OPERATE, "command:stuck --rerun")
        return f"{shown}\nLet go on: {found['run_again'] or 'none'}"
    return f"{shown}\nTo let them go on: stuck --rerun"


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Rows in columns, each as wide as it needs, at most 60 characters."""
    names = list(rows[0])
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [min(_WIDTH, max(len(line[n]) for line in cells)) for n in range(len(names))]
    lines = [
        "  ".join(cell[:width].ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in cells
    ]
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        return f"{value:.3g}"
    return " ".join(str(value).split())


def _operator(options: argparse.Namespace) -> Actor:
    """Whoever has a shell with the database's credentials is an operator."""
    user = os.environ.get("USER") or getpass.getuser()
    name = getattr(options, "by", None) or user
    return Actor(Standing.OPERATOR, name=name, run=f"shell/{user}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m include.operations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, listing in LISTS.items():
        one = commands.add_parser(name, help=listing.what)
        for need in listing.needs:
            one.add_argument(need, type=int)
    stuck = commands.add_parser("stuck", help="Entries that no run carries out; --rerun helps them")
    stuck.add_argument("--rerun", action="store_true", help="let their runs go on")
    shadow = commands.add_parser("shadow", help="What a model in shadow would have decided")
    shadow.add_argument("--days", type=int, default=1, help="how many days back (default 1)")
    resume = commands.add_parser("resume", help="Let a parked run go on now")
    resume.add_argument("dag")
    resume.add_argument("run")
    restore = commands.add_parser("restore", help="Have an entry processed that was set aside")
    restore.add_argument("entry", type=int)
    answer = commands.add_parser("answer", help="Answer a question for the person it asks")
    answer.add_argument("question", help="its id, from the list of questions")
    answer.add_argument("choice", choices=("attach", "create", "set_aside"))
    answer.add_argument("--request", help="slug of another request than the suggested one")
    close = commands.add_parser("close", help="Close a question; its entries become requests")
    close.add_argument("question")
    limits = commands.add_parser("set-thresholds", help="Add a version of the thresholds")
    limits.add_argument("attach", type=float)
    limits.add_argument("ask", type=float)
    limits.add_argument("--area", help="slug; without it, for all")
    limits.add_argument("--note", default="", help="why")
    drop = commands.add_parser("drop-vectors", help="Remove vectors that search does not use")
    drop.add_argument("key")
    add = commands.add_parser("add-key", help="Sign new buttons with a new key")
    retire = commands.add_parser("retire-keys", help="Retire the older keys of buttons")
    for name, words in PRIVACY.items():
        command = commands.add_parser(name, help=words, description=words)
        if name != "apply-retention":
            command.add_argument("who")
        if name != "export-person":
            command.add_argument("--apply", action="store_true", help="do it, and not only count")
    for one in (restore, answer, close, limits, add, retire):
        one.add_argument("--by", help="your name, for the record")
    return parser


if __name__ == "__main__":
    read_as_server()
    sys.exit(main())
