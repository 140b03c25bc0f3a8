"""`whoami`: who asks, how that is known, and in which office."""

from __future__ import annotations

from ...errors import Text
from ..desk import TOKEN, Desk
from ..out import Ink
from ..spec import Command, json_option


def whoami(desk: Desk, *, as_json: bool) -> None:
    actor, source = desk.identify()
    roles = desk.known.get("organisation", {}).get("roles", {})
    labels = [(roles.get(role) or {}).get("label", {}).get(desk.out.language) or role for role in actor.roles]
    if as_json:
        desk.out.json(
            {
                "id": actor.id,
                "name": actor.name,
                "kind": actor.kind,
                "roles": list(actor.roles),
                "source": source,
                "office": desk.folder,
            }
        )
        return
    rows = [
        (
            Text("身份", "Who"),
            desk.out.both(f"{actor.name}（{actor.id}）", f"{actor.name} ({actor.id})") if actor.name else actor.id,
        ),
        (Text("角色", "Roles"), desk.out.both("、", ", ").join(labels) or "—"),
        (
            Text("依据", "Known by"),
            source
            if source in ("--as", "GUANJIA_AS", TOKEN)
            else desk.out.both(f"系统用户 {source}", f"the system's user {source}"),
        ),
        (Text("办公室", "Office"), desk.folder),
    ]
    desk.out.table([[Ink(title, "dim"), text] for title, text in rows])


COMMANDS = {
    "whoami": Command(
        "whoami", whoami, [json_option()],
        say=Text("我是谁，有什么角色，是怎么认出来的，在哪个办公室。", "Who I am here, with which roles, how that is known, and in which office."),
        examples=("guanjia whoami", "guanjia --as engineer.li whoami"),
    ),
}  # fmt: skip
