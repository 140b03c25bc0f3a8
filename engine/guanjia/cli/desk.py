"""Where one run of the command line sits: which office, which database, who asks.

Everything is found when it is first asked for, so that a list of cases opens the database and nothing else: words, zone and
names come from the small compiled copy of the office's files that the engine keeps in the database (setting `office`).
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from ..clock import Clock, Instant, SystemClock
from ..errors import NotFound, StoreError, Text
from .failure import Usage
from .out import Ink, Out
from .spec import PROGRAM

if TYPE_CHECKING:
    from ..model.acquaintance import Acquaintance
    from ..model.event import Actor
    from ..model.sight import Sight
    from ..runtime.engine import Engine
    from ..runtime.looking import Eyes
    from ..store.customers import Customers
    from ..store.interface import Store

OFFICE = "office.yaml"
OTHERS = {"system": Text("系统", "system"), "customer": Text("客户", "customer")}
"""Who is no member of staff."""

TOKEN = "GUANJIA_TOKEN"
"""The variable by which another system says who it is."""

_DATABASE = r"""^database:[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s#"'](?:[^\n#]|(?<!\s)#)*))"""


class Desk:
    """What the commands of one run share. `given_…` is what stood on the command line."""

    def __init__(self, out: Out, clock: Clock | None = None, engine: Engine | None = None) -> None:
        """`engine`: one that somebody opened already, and not that of the folder in which we are."""
        self.out = out
        self.clock: Clock = clock or SystemClock()
        self.given_office: str | None = None
        self.given_actor: str | None = None
        self._engine = engine
        self._store: Store | None = None

    def take(self, given: Mapping[str, str]) -> None:
        """Options of every command, as they stood on the command line."""
        self.given_office = given.get("office", self.given_office)
        self.given_actor = given.get("as", self.given_actor)
        self.out.language = given.get("lang", self.out.language)

    # -- the office

    @cached_property
    def folder(self) -> str:
        """The folder of the office; NotFound with the ways to name one."""
        named = self.given_office or os.environ.get("GUANJIA_OFFICE")
        if named:
            if os.path.isfile(os.path.join(named, OFFICE)):
                return os.path.abspath(named)
            raise NotFound(
                Text(f"{named} 里没有 office.yaml，不是办公室文件夹。", f"{named} holds no office.yaml: it is not the folder of an office."),
                Text(f"新建一个：guanjia init {named}", f"Make one: guanjia init {named}"),
            )  # fmt: skip
        here = os.getcwd()
        while True:
            if os.path.isfile(os.path.join(here, OFFICE)):
                return here
            above = os.path.dirname(here)
            if above == here:
                break
            here = above
        raise NotFound(
            Text("这里和上级目录里都没有 office.yaml。", "There is no office.yaml here or in any folder above."),
            Text(
                "新建办公室：guanjia init 文件夹\n或指定已有的：--office 文件夹，或环境变量 GUANJIA_OFFICE",
                "Make an office: guanjia init DIR\nor name one: --office DIR, or the environment variable GUANJIA_OFFICE",
            ),
        )

    @cached_property
    def database(self) -> str:
        """Where the cases are: a file's path, or a URL. Read without a YAML parser, which would cost more than the list."""
        try:
            with open(os.path.join(self.folder, OFFICE), encoding="utf-8", errors="replace") as file:
                named = database_of(file.read(1_000_000))
        except OSError:
            from ..language import OfficeFiles

            named = OfficeFiles(self.folder).office().database  # says in words that it cannot be read
        return named if "://" in named else os.path.join(self.folder, named)

    @property
    def store(self) -> Store:
        """The database without the engine; the engine's own when that is open already."""
        if self._engine is not None:
            return self._engine.store
        if self._store is None:
            if "://" not in self.database and not os.path.exists(self.database):
                return self.engine.store  # a new office: the engine makes its database
            from ..store import open_store

            opened = open_store(self.database)
            try:
                opened.setting("office")
            except StoreError as error:
                opened.close()
                if error.data.get("schema", 0) >= error.data.get("known", 0):
                    raise
                return self.engine.store  # of an older program: the engine brings it up to date
            self._store = opened
        return self._store

    @property
    def register(self) -> Customers:
        """The register of customers, to be read without the engine; the engine's own when that is open already."""
        store = self.store
        if self._engine is not None:
            return self._engine.store.customers
        from ..people.keys import FILE, Keys, read
        from ..runtime.sealed_customers import SealedCustomers

        kept = read(os.path.join(self.folder, FILE))
        if kept is None or store.setting("keys") != kept.mark:
            return self.engine.store.customers  # a new office gets its keys, one without is told what it lacks
        return cast("Customers", SealedCustomers(store.customers, Keys(kept)))

    @property
    def engine(self) -> Engine:
        return self._opened(take_up=True)

    def holding(self) -> Engine:
        """The engine over what was taken up last: files that were edited since are looked at, and not taken up."""
        return self._opened(take_up=False)

    def _opened(self, *, take_up: bool) -> Engine:
        if self._engine is None:
            from ..runtime.engine import Engine

            by = self.given_actor or os.environ.get("GUANJIA_AS") or system_user()
            # A database that is there is opened also where office.yaml, which says where it is, cannot be used just now.
            there = "://" in self.database or os.path.exists(self.database)
            self._engine = Engine.at(
                self.folder, clock=self.clock, by=by, take_up=take_up, database=self.database if there else None
            )
            for finding in self._engine.files.leaning:
                self.out.finding(finding)
            if self._engine.files.leaning:
                self.out.line(Ink(Text(
                    "office.yaml 和 organisation.yaml 按上次正确时的内容办理，改好后自动生效。",
                    "What office.yaml and organisation.yaml said before goes on until that is mended."), "warn"), err=True)  # fmt: skip
        return self._engine

    @cached_property
    def known(self) -> Mapping[str, Any]:
        """The compiled copy of the office's files: name, zone, labels, staff, organisation."""
        text = self.store.setting("office")
        if text is None:
            text = self.engine.store.setting("office") or "{}"
        data: dict[str, Any] = json.loads(text)
        return data

    def now(self) -> Instant:
        return self.clock.now()

    @property
    def zone(self) -> str:
        return str(self.known.get("zone", "Asia/Shanghai"))

    # -- words

    def label(self, procedure: str, name: str) -> str:
        """What people of this office call a state, field, action or value of a procedure."""
        tables = self.known.get("labels", {}).get(procedure, {})
        for language in (self.out.language, "en", "zh"):
            word = tables.get(language, {}).get(name)
            if word is not None:
                return str(word)
        from ..model.event import BUILT_IN

        return BUILT_IN[self.out.language].get(name, name)

    def person(self, who: str | None) -> str:
        """The name of a member of staff with the id, or what else the id means."""
        if not who:
            return "—"
        bare, name = who.removeprefix("staff:"), self.short(who)
        return (
            bare if name == bare else name if bare in OTHERS else self.out.both(f"{name}（{bare}）", f"{name} ({bare})")
        )

    def entitled(self, word: str) -> str:
        """What people call a role, or a relation to the case; the word itself where it is neither."""
        from ..core.surroundings import entitled

        return self.out.say(entitled({"labels": self.engine.role_labels}, word))

    def called(self, group: str, name: str | None) -> str:
        """What people call one of the `teams`, `skills`, `sites`, `shifts` or `roles` of the organisation; nothing for none."""
        return self._labelled(self._organisation.get(group, {}), name)

    def building(self, site: str | None, room: str) -> str:
        """What people call the building that a room is in: that of its first part. Nothing where the office names none."""
        buildings = (self._organisation.get("sites", {}).get(site or "") or {}).get("buildings") or {}
        name = room.partition("-")[0].strip()
        return self._labelled(buildings, name) if name in buildings else ""

    def area(self, person: Mapping[str, Any]) -> str:
        """The sites and buildings of a member of staff, as people call them."""
        sites, known = list(person.get("sites", ())), self._organisation.get("sites", {})
        of = {
            name: site
            for site in known
            if not sites or site in sites
            for name in (known[site] or {}).get("buildings") or {}
        }
        buildings = [self.building(of.get(name), name) or name for name in person.get("buildings", ())]
        return self.out.both("、", ", ").join([*(self.called("sites", site) for site in sites), *buildings])

    @property
    def _organisation(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.known.get("organisation", {})
        return found

    def _labelled(self, group: Mapping[str, Any], name: str | None) -> str:
        labels = (group.get(name or "") or {}).get("label") or {}
        return str(labels.get(self.out.language) or name or "")

    def short(self, who: str | None) -> str:
        """The name alone, for lists."""
        bare = (who or "").removeprefix("staff:")
        if bare in OTHERS:
            return self.out.say(OTHERS[bare])
        if bare.partition(":")[0] in ("role", "assign", "team", "lead", "on_duty"):  # nobody was there to be told
            return self.entitled(bare.removeprefix("role:").removeprefix("assign:"))
        return str(self.known.get("staff", {}).get(bare, bare))

    # -- who asks

    @property
    def actor(self) -> Actor:
        """Who asks; NotFound says how to tell us when nobody is known."""
        return self.identify()[0]

    @cached_property
    def asking(self) -> Actor | None:
        """Who asks, for what only looks at a case. None where nobody is named and the system's user is nobody of the staff:
        whoever runs this on his own machine sees everything."""
        named = self.given_actor or os.environ.get("GUANJIA_AS") or os.environ.get(TOKEN)
        return self.actor if named or self.engine.organisation.by_user(system_user()) is not None else None

    @cached_property
    def looker(self) -> Actor | None:
        """The same, for lists: without the engine where the compiled copy of the files knows him."""
        from ..model.event import Actor

        named = self.given_actor or os.environ.get("GUANJIA_AS")
        if not named and os.environ.get(TOKEN):
            return self.actor
        typed = self._typed
        who = self.member(named) if named else typed
        if who is None:
            return None
        person = self.known.get("organisation", {}).get("staff", {}).get(who, {})
        if not person.get("active", bool(person)):
            return self.actor
        through = typed if typed != who else None
        return Actor(who, tuple(person.get("roles", ())), "staff", person["name"], through)

    @cached_property
    def eyes(self) -> Eyes:
        """What whoever asks sees of cases that are met by their ids."""
        from ..runtime.looking import Eyes

        return Eyes(self.engine, self.asking)

    def number(self, case: str) -> str:
        """The number of a case that another one has to do with; of one that whoever asks does not see, that it is another."""
        return self.eyes.number(case) or self.out.both("另一个工单", "another case")

    @property
    def who(self) -> str:
        """The id of who asks, without the engine where it can do without; NotFound where nobody is known."""
        return (self.looker or self.actor).id

    @cached_property
    def sight(self) -> Sight | None:
        """What whoever asks sees in lists; None where it is everything."""
        if self.looker is None:
            return None
        from ..model.rights import check_through
        from ..model.sight import sight_of

        people = self.known.get("organisation", {})
        check_through(people, self.looker)
        return sight_of(people, self.looker)

    @cached_property
    def acquaintance(self) -> Acquaintance:
        """Whom of the register whoever asks sees."""
        from ..model.acquaintance import Acquaintance, acquaintance_of
        from ..model.rights import check_through

        if self.looker is None:
            return Acquaintance()
        people = self.known.get("organisation", {})
        check_through(people, self.looker)
        return acquaintance_of(people, self.looker)

    @cached_property
    def _typed(self) -> str | None:
        """The member of staff whom the system's user stands for."""
        user, staff = system_user(), self.known.get("organisation", {}).get("staff", {})
        here = (who for who, person in staff.items() if user in person.get("users", ()) and person.get("active", True))
        return next(here, None)

    def member(self, typed: str) -> str:
        """The id of whoever of the staff was typed: by the id, or by the whole name where one alone of those who are here has it. What is
        neither stays as it is, for whoever asks for more to complain about; NotFound names the ids where several have the name."""
        staff = self.engine.organisation.staff if self._engine is not None else self._organisation.get("staff", {})
        if typed in staff:
            return typed
        from ..people.organisation import called

        here = called(staff, typed)
        if not here:
            return typed
        if len(here) > 1:
            raise NotFound(
                Text(f"名册里有 {len(here)} 位“{typed}”。", f"Several people here are called {typed!r}."),
                Text(f"请写编号：{'、'.join(here)}", f"Write the id: {', '.join(here)}"), known=here,
            )  # fmt: skip
        return here[0]

    def identify(self) -> tuple[Actor, str]:
        """Who asks, and how that is known: `--as`, `GUANJIA_AS`, a token, or the name of the system's user. Where that one is
        somebody else of the staff, he is named too."""
        from dataclasses import replace

        actor, source = self._named()
        typed = self.engine.organisation.by_user(system_user()) if source != TOKEN else None
        return (replace(actor, through=typed.id) if typed is not None and typed.id != actor.id else actor), source

    def _named(self) -> tuple[Actor, str]:
        named, source = self.given_actor, "--as"
        if not named:
            named, source = os.environ.get("GUANJIA_AS"), "GUANJIA_AS"
        if named:
            engine = self.engine
            return engine.actor(self.member(named)), source
        if token := os.environ.get(TOKEN):
            return self.engine.actor_by_token(token), TOKEN
        user = system_user()
        found = self.engine.organisation.by_user(user)
        if found is None:
            people = self.known.get("staff", {})
            some = next(iter(people), "ID")
            listed = ", ".join(list(people)[:8])
            raise NotFound(
                Text(f"系统用户“{user}”没有对应的员工，不知道是谁在办理。", f"The system's user {user!r} stands for nobody here; who is asking?"),
                Text(
                    f"说明身份：guanjia --as {some} …，或环境变量 GUANJIA_AS={some}\n"
                    f"固定下来：在 organisation.yaml 该员工下写 users: [{user}]\n现有员工：{listed}",
                    f"Say who: guanjia --as {some} …, or the environment variable GUANJIA_AS={some}\n"
                    f"For good: write users: [{user}] under that person in organisation.yaml\nThere are: {listed}",
                ),
                known=list(people),
            )  # fmt: skip
        return found, user

    @property
    def line(self) -> str:
        """How a line to type begins that is to mean the same office and the same person as this one."""
        given = [("--office", self.given_office), ("--as", self.given_actor)]
        return " ".join([PROGRAM, *(f"{option} {shlex.quote(value)}" for option, value in given if value)])

    def actor_or_system(self) -> Actor:
        """Who asks, or the system where nobody is known: for signals, which other programs send."""
        from ..model.event import SYSTEM

        if self.given_actor or os.environ.get("GUANJIA_AS") or os.environ.get(TOKEN):
            return self.actor
        return self.engine.organisation.by_user(system_user()) or SYSTEM

    def instant(self, text: str, option: str) -> Instant:
        """A time that was typed, in the office's zone: 2026-11-24 09:05, 2026-11-24T09:05:00+08:00, or 09:05 today."""
        from ..clock import from_iso, moment

        typed = text.strip()
        if re.fullmatch(r"\d{1,2}:\d\d", typed):
            typed = f"{moment(self.now(), self.zone):%Y-%m-%d}T{typed.zfill(5)}"
        try:
            return from_iso(typed, self.zone)
        except ValueError:
            raise Usage(
                Text(f"{option} 的“{text}”不是时间。", f"{option}: {text!r} is no time."),
                Text("写成 2026-11-24 09:05，或今天的 09:05", "Write 2026-11-24 09:05, or 09:05 for today"),
            ) from None

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()
        if self._store is not None:
            self._store.close()


def database_of(text: str) -> str:
    """What `office.yaml` says of its database."""
    found = re.search(_DATABASE, text, re.MULTILINE)
    return next(part for part in found.groups() if part is not None).strip() if found else "guanjia.db"


def system_user() -> str:
    """The name of the user that the operating system knows; variables that anybody can set are not asked."""
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        import getpass

        return getpass.getuser()
