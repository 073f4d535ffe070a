"""Write demo bookings by one insert a table: slots are taken here first, so that none belongs to two."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import insert, select

from portal.api import claims, clock, crypto, session, workdays

from .demo_people import Booker, People
from .models import BookingsBooking, BookingsOccurrence, BookingsPoint, BookingsStep
from .queries.places import Room
from .verdicts import Span
from .wants import OCCURRENCE, of_room

_NAMES = ("王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴")
_HOLDS = ("requested", "approved", "checked_in", "completed", "no_show")
_STEPS = {
    "requested": ("asked",),
    "approved": ("asked", "approved"),
    "checked_in": ("asked", "approved", "checked_in"),
    "completed": ("asked", "approved", "checked_in", "completed"),
    "no_show": ("asked", "approved", "no_show"),
    "cancelled": ("asked", "approved", "cancelled"),
    "refused": ("asked", "refused"),
    "lapsed": ("asked", "lapsed"),
    "displaced": ("asked", "approved", "displaced"),
    "skipped": ("asked",),
}


class Rows:
    """Bookings on their way into the database; ``add`` refuses what would share a slot."""

    def __init__(self, district_id: int, people: People, dice: random.Random) -> None:
        """Begin with nothing taken."""
        self.district_id, self.people, self.dice, self.now = district_id, people, dice, clock.now()
        self.taken: set[tuple[int, int]] = set()
        self._bookings: list[dict[str, Any]] = []
        self._times: list[dict[str, Any]] = []
        self._claims: dict[str, list[claims.Want]] = {}

    def book(
        self, room: Room, *, title: str, headcount: int, booker: Booker | None = None, **values: Any
    ) -> str:
        """Write a booking without times; return its uid."""
        uid = crypto.new_uid()
        plain = booker is None
        phone = f"100{self.dice.randrange(91_000_000, 92_000_000):08d}" if plain else ""
        name = f"{self.dice.choice(_NAMES)}{self.dice.choice(('先生', '女士', '师傅'))}"
        self._bookings.append(
            {
                "district_id": self.district_id,
                "uid": uid,
                "room_id": room.id,
                "title": title,
                "headcount": headcount,
                "account_id": booker.account_id if booker else None,
                "organization_id": values.pop("organization_id", booker.organization_id if booker else None),
                "contact_name": booker.name if booker else name,
                "phone_sealed": crypto.encrypt("bookings_booking.phone_sealed", uid, phone)
                if phone
                else None,
                "phone_index": crypto.blind_index("phone", phone) if phone else None,
                "phone_tail": phone[-4:],
                "needs": {},
                "note": "",
                "rule": "",
                "way": "desk" if plain else "page",
                "made_by": booker.account_id if booker else next(iter(self.people.desk), None),
                "made_at": self.now,
                "over_reason": "",
                "version": 1,
                **values,
            }
        )
        return uid

    def time(
        self,
        booking: str,
        room: Room,
        start: datetime,
        end: datetime,
        *,
        state: str,
        number: int = 1,
        reason: str = "",
        extra: Sequence[claims.Want] = (),
    ) -> str | None:
        """Write one time of a booking with its slots; None when one of them is somebody's."""  # fmt: skip
        wants = [*of_room(room, Span(start=start, end=end), before=0, after=0), *extra]
        slots = {(want.unit_id, slot) for want in wants for slot in want.span}
        if state in _HOLDS:
            if slots & self.taken:
                return None
            self.taken |= slots
        uid = crypto.new_uid()
        asked = min(self.now, start) - timedelta(days=1 + self.dice.randrange(4), hours=2)
        waits = state == "requested"
        asked = self.now - timedelta(hours=self.dice.randrange(1, 9)) if waits else asked
        came = state in ("checked_in", "completed")
        self._times.append(
            {
                "district_id": self.district_id,
                "uid": uid,
                "booking": booking,
                "room_id": room.id,
                "number": number,
                "first_start": start,
                "starts_at": start,
                "ends_at": end,
                "state": state,
                "reason": reason,
                "answer_by": self._answer_by(start) if waits else None,
                "decided_by": None if waits else next(iter(self.people.desk), None),
                "decided_at": None if waits else asked + timedelta(hours=3),
                "arrived_at": start - timedelta(minutes=5) if came else None,
                "left_at": end if state == "completed" else None,
                "version": 1,
                "asked": asked,
            }
        )
        self._claims[uid] = wants if state in _HOLDS else []
        return uid

    def add(
        self,
        room: Room,
        start: datetime,
        end: datetime,
        *,
        state: str,
        title: str,
        headcount: int,
        reason: str = "",
        **values: Any,
    ) -> str | None:
        """Write a booking of one time, for somebody with an account or who came to the desk."""  # fmt: skip
        wants = of_room(room, Span(start=start, end=end), before=0, after=0)
        if state in _HOLDS and {(one.unit_id, slot) for one in wants for slot in one.span} & self.taken:
            return None
        if "booker" not in values and self.people.bookers and self.dice.random() < 0.5:
            values["booker"] = self.dice.choice(self.people.bookers)
        booking = self.book(room, title=title, headcount=headcount, **values)
        self.time(booking, room, start, end, state=state, reason=reason)
        return booking

    def flush(self) -> Mapping[str, int]:
        """Write what was added since the last time; return the ids of the occurrences by uid."""
        asked = {one["booking"]: one.pop("asked") for one in reversed(self._times)}
        for one in self._bookings:
            one["made_at"] = asked.get(one["uid"], self.now)
        if not self._bookings:
            return {}
        session.execute(insert(BookingsBooking), self._bookings)
        bookings = {
            uid: row_id for uid, row_id in session.execute(select(BookingsBooking.uid, BookingsBooking.id))
        }
        session.execute(
            insert(BookingsOccurrence),
            [
                {**{name: value for name, value in one.items() if name != "booking"},
                 "booking_id": bookings[one["booking"]]}
                for one in self._times
            ],
        )  # fmt: skip
        times = {
            uid: row_id
            for uid, row_id in session.execute(select(BookingsOccurrence.uid, BookingsOccurrence.id))
        }
        self._write_claims(times)
        self._steps(bookings, times)
        self._points(times)
        self._bookings, self._times, self._claims = [], [], {}
        return times

    def _write_claims(self, times: Mapping[str, int]) -> None:
        made = [
            {
                "district_id": self.district_id, "unit_id": want.unit_id, "slot": slot, "kind": want.kind,
                "holder_type": OCCURRENCE, "holder_id": times[uid],
            }
            for uid, wants in self._claims.items()
            for want in wants
            for slot in want.span
        ]  # fmt: skip
        if made:
            session.execute(insert(claims.Claim), made)

    def _steps(self, bookings: Mapping[str, int], times: Mapping[str, int]) -> None:
        made = []
        for one in self._times:
            at = one["decided_at"] or self.now - timedelta(hours=1)
            whens = {"asked": at - timedelta(hours=3), "approved": at, "checked_in": one["arrived_at"],
                     "completed": one["left_at"], "no_show": one["starts_at"]}  # fmt: skip
            actors = {"asked": None, "lapsed": None, "no_show": None}
            made += [
                {
                    "district_id": self.district_id, "booking_id": bookings[one["booking"]],
                    "occurrence_id": times[one["uid"]], "action": action,
                    "note": one["reason"] if action == one["state"] else "",
                    "actor_id": actors.get(action, one["decided_by"]), "at": whens.get(action) or at,
                }
                for action in (_STEPS[one["state"]] if one["number"] == 1 else ())
            ]  # fmt: skip
        session.execute(insert(BookingsStep), made)

    def _points(self, times: Mapping[str, int]) -> None:
        """Half points for those who did not come; the newest is contested."""
        owners = {one["uid"]: one for one in self._bookings}
        missed = [one for one in self._times if one["state"] == "no_show"]
        made: list[dict[str, Any]] = []
        for one in sorted(missed, key=lambda found: found["starts_at"], reverse=True):
            owner = owners[one["booking"]]
            appeals = not made
            made.append(
                {
                    "district_id": self.district_id, "uid": crypto.new_uid(),
                    "occurrence_id": times[one["uid"]], "account_id": owner["account_id"],
                    "phone_index": owner["phone_index"], "why": "no_show", "halves": 2,
                    "given_at": one["starts_at"] + timedelta(minutes=15),
                    "expires_at": one["starts_at"] + timedelta(days=60),
                    "state": "appealed" if appeals else "counts",
                    "appeal": "那天到了，忘了签到。" if appeals else "",
                    "appealed_at": self.now - timedelta(hours=5) if appeals else None, "version": 1,
                }
            )  # fmt: skip
        if made:
            session.execute(insert(BookingsPoint), made)

    def _answer_by(self, start: datetime) -> datetime:
        last: date = workdays.add_workdays(clock.civil(self.now), 2)
        return min(datetime.combine(last + timedelta(days=1), time(), clock.SHANGHAI), start)
