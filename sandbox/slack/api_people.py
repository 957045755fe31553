"""Web API: ``auth``, ``team``, ``users``, ``views``, ``files`` and ``apps``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.slack import seed
from sandbox.slack.api_chat import writable_channel
from sandbox.slack.errors import SlackError
from sandbox.slack.sockets import PATH

if TYPE_CHECKING:
    from sandbox.slack.args import Args
    from sandbox.slack.hub import Hub

Json = dict[str, Any]


def auth_test(hub: Hub, args: Args) -> Json:
    """``auth.test``."""
    del args
    return {
        "url": f"{hub.settings.base_url}/",
        "team": seed.TEAM["name"],
        "user": hub.workspace.person(seed.BOT_USER).handle,
        "team_id": seed.TEAM["id"],
        "user_id": seed.BOT_USER,
        "bot_id": seed.BOT_ID,
        "is_enterprise_install": False,
    }


def team_info(hub: Hub, args: Args) -> Json:
    """``team.info``."""
    del hub, args
    return {"team": {**seed.TEAM, "email_domain": "example.com"}}


def bots_info(hub: Hub, args: Args) -> Json:
    """``bots.info``: Bolt asks for it when a bot wrote the event's message."""
    if args.text("bot") != seed.BOT_ID:
        raise SlackError("bot_not_found")
    name = hub.workspace.person(seed.BOT_USER).name
    bot = {"id": seed.BOT_ID, "app_id": seed.APP_ID, "user_id": seed.BOT_USER, "name": name}
    return {"bot": {**bot, "deleted": False}}


def users_info(hub: Hub, args: Args) -> Json:
    """``users.info``."""
    return {"user": hub.workspace.user_object(args.text("user"))}


def dnd_info(hub: Hub, args: Args) -> Json:
    """``dnd.info``, as an app sees it: without what only the person may see."""
    person = hub.workspace.person(args.text("user"))
    since, until = hub.workspace.undisturbed.get(person.id, (0, 0))
    if until <= hub.workspace.clock():
        return {"dnd_enabled": False, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1}
    return {"dnd_enabled": True, "next_dnd_start_ts": int(since), "next_dnd_end_ts": int(until)}


def users_list(hub: Hub, args: Args) -> Json:
    """``users.list``: everybody on one page."""
    del args
    members = [hub.workspace.user_object(user) for user in hub.workspace.people]
    return {"members": members, "response_metadata": {"next_cursor": ""}}


def lookup_by_email(hub: Hub, args: Args) -> Json:
    """``users.lookupByEmail``."""
    email = args.required("email").lower()
    for person in hub.workspace.people.values():
        if person.email == email:
            return {"user": hub.workspace.user_object(person.id)}
    raise SlackError("users_not_found")


def views_open(hub: Hub, args: Args) -> Json:
    """``views.open``."""
    return {"view": hub.views.open(args.required("trigger_id"), args.document("view"))}


def views_push(hub: Hub, args: Args) -> Json:
    """``views.push``."""
    return {"view": hub.views.push(args.required("trigger_id"), args.document("view"))}


def views_update(hub: Hub, args: Args) -> Json:
    """``views.update``."""
    view = hub.views.update(
        args.document("view"),
        view_id=args.text("view_id"),
        external_id=args.text("external_id"),
        view_hash=args.text("hash"),
    )
    return {"view": view}


def views_publish(hub: Hub, args: Args) -> Json:
    """``views.publish``."""
    user = args.required("user_id")
    return {"view": hub.views.publish(user, args.document("view"), args.text("hash"))}


def files_get_upload_url(hub: Hub, args: Args) -> Json:
    """``files.getUploadURLExternal``."""
    try:
        length = int(args.required("length"))
    except ValueError:
        raise SlackError("invalid_arguments", ["[ERROR] length must be a number"]) from None
    url, file_id = hub.files.ask(args.required("filename"), length)
    return {"upload_url": url, "file_id": file_id}


def files_complete_upload(hub: Hub, args: Args) -> Json:
    """``files.completeUploadExternal``: shares the files when a channel is given."""
    wanted = args.document("files")
    if not isinstance(wanted, list) or not wanted:
        raise SlackError("invalid_arguments", ["[ERROR] missing required field: files"])
    channels = args.text("channels") or args.text("channel_id")
    targets = [writable_channel(hub, c) for c in channels.split(",") if c]
    done = [hub.files.complete(str(f.get("id")), f.get("title")) for f in wanted]
    for channel in targets:
        hub.workspace.post(
            channel,
            seed.BOT_USER,
            text=args.text("initial_comment"),
            thread_ts=args.text("thread_ts") or None,
            files=done,
        )
    return {"files": done}


def files_info(hub: Hub, args: Args) -> Json:
    """``files.info``."""
    return {"file": hub.files.info(args.required("file"))}


def connections_open(hub: Hub, args: Args) -> Json:
    """``apps.connections.open``: where Socket Mode connects to, once."""
    del args
    base = hub.settings.base_url.replace("http://", "ws://", 1)
    return {"url": f"{base}{PATH}?ticket={hub.sockets.ticket()}"}


def api_test(hub: Hub, args: Args) -> Json:
    """``api.test``: echoes its arguments."""
    del hub
    return {"args": {k: v for k, v in args.values.items() if k != "token"}}


METHODS = {
    "api.test": api_test,
    "auth.test": auth_test,
    "team.info": team_info,
    "bots.info": bots_info,
    "users.info": users_info,
    "dnd.info": dnd_info,
    "users.list": users_list,
    "users.lookupByEmail": lookup_by_email,
    "views.open": views_open,
    "views.push": views_push,
    "views.update": views_update,
    "views.publish": views_publish,
    "files.getUploadURLExternal": files_get_upload_url,
    "files.completeUploadExternal": files_complete_upload,
    "files.info": files_info,
    "apps.connections.open": connections_open,
}
