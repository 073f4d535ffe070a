"""The statements that fill a large demo: each writes one table as a whole, in either database's SQL.

``seed_number`` holds 0, 1, 2, ...; everything else follows from a number by arithmetic and by joins on the
tables of words. ``CROSS JOIN`` keeps SQLite to the order written, so that rows arrive in the order of the
indexes: a million rows in any order would touch a page of the file each.
"""

from __future__ import annotations

from portal.demo import codes

NUMBERS = """
INSERT INTO seed_number (n)
WITH RECURSIVE number(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < :last)
SELECT n FROM number
"""

#: Which organization stands where, under which name: a brand of two characters is used once in a district.
ORGANIZATIONS_PLANNED = """
INSERT INTO seed_organization (n, place, local, kind, brand, brand2, trade, road, house)
SELECT n, place, local, CASE WHEN local < :general THEN 'general_branch' ELSE 'branch' END,
    ((local * 7 + place * 131) % (:brands * :brands)) / :brands, (local * 7 + place * 131) % :brands,
    (local * 3 + place) % :trades, (local * 5 + place) % :roads, local % 240 + 1
FROM (
    SELECT n, place, n - (place * :organizations + :places - 1) / :places AS local
    FROM (SELECT n, n * :places / :organizations AS place FROM seed_number WHERE n < :organizations) placed
) counted
ORDER BY n
"""

_NAMED = """
FROM seed_organization o
CROSS JOIN seed_place p CROSS JOIN seed_brand b CROSS JOIN seed_brand c CROSS JOIN seed_tail t
CROSS JOIN seed_road r
WHERE p.n = o.place AND b.n = o.brand AND c.n = o.brand2 AND t.n = o.trade + {tails} AND r.n = o.road
"""
#: Where the tails of units, branches and general branches begin.
_UNIT = _NAMED.format(tails="0") + " AND o.kind = 'branch'"
_OWN = _NAMED.format(tails=":trades * CASE WHEN o.kind = 'branch' THEN 1 ELSE 2 END")
_NAME = "p.name || b.text || c.text || t.text"
_SORT_KEY = "p.sort_key || ' ' || b.syllable || ' ' || c.syllable || ' ' || t.sort_key"
_ADDRESS = "p.name || r.text || o.house || '号'"

ORGANIZATIONS = f"""
INSERT INTO organization (district_id, kind, code, name, aliases, sort_key, path, founded_on, office_address,
    office_phone, opening_hours, can_transfer_directly, term_no, term_start, term_end, version)
SELECT p.district_id, o.kind, '', {_NAME}, {{json}}, {_SORT_KEY}, '', :founded, {_ADDRESS},
    '0000-' || (80000000 + o.n), '周一至周五 9:00-17:00', {{no}}, 4, :term_start, :term_end, 1
{_OWN}
ORDER BY o.n
"""

ORGANIZATIONS_NUMBERED = "UPDATE seed_organization SET organization_id = :first + n"

#: Branches stand below a general branch in turns, general branches below the committee.
ORGANIZATION_TREE = """
UPDATE organization SET parent_id = (
    SELECT CASE WHEN o.local < :general OR :general = 0 THEN p.committee_id
        ELSE o.organization_id - o.local + o.local % :general_or_one END
    FROM seed_organization o JOIN seed_place p ON p.n = o.place
    WHERE o.n = organization.id - :first
) WHERE id >= :first
"""
#: Said twice, for the general branches and then for what stands below them.
ORGANIZATION_PATHS = """
UPDATE organization SET path = (
    SELECT above.path FROM organization above WHERE above.id = organization.parent_id
) || CAST(id AS TEXT) || '/'
WHERE id >= :first AND kind = :kind
"""
PARENTS = """
INSERT INTO organization_parent (district_id, organization_id, parent_id, valid_from)
SELECT district_id, id, parent_id, :founded FROM organization ORDER BY id
"""

_DIGITS = [f"(o.n + 1) / {10 ** (7 - place)} % 10" for place in range(8)]


def _credit_code() -> str:
    """Return a unit's credit code as an expression: what ``codes.uscc`` works out, digit by digit."""
    weighed = " + ".join(
        f"({digit}) * {weight}" for digit, weight in zip(_DIGITS, codes.ORG_WEIGHTS, strict=True)
    )
    head = sum(
        int(digit) * weight for digit, weight in zip("91" + codes.DIVISION, codes.USCC_WEIGHTS, strict=False)
    )
    tail = " + ".join(
        f"({digit}) * {weight}" for digit, weight in zip(_DIGITS, codes.USCC_WEIGHTS[8:16], strict=True)
    )
    rest = f"((11 - ({weighed}) % 11) % 11)"
    # 10 is written X; as a digit of the credit code X counts what its place in the alphabet says.
    value = f"(CASE WHEN {rest} = 10 THEN {codes.USCC_DIGITS.index('X')} ELSE {rest} END)"
    last = f"((31 - ({head} + {tail} + {value} * {codes.USCC_WEIGHTS[16]}) % 31) % 31)"
    body = "substr(CAST(100000001 + o.n AS TEXT), 2, 8)"
    check = f"CASE WHEN {rest} = 10 THEN 'X' ELSE CAST({rest} AS TEXT) END"
    letters = codes.USCC_DIGITS
    return f"'91{codes.DIVISION}' || {body} || {check} || substr('{letters}', CAST({last} AS INTEGER) + 1, 1)"


UNITS = f"""
INSERT INTO unit (district_id, kind, name, aliases, sort_key, uscc, address, industry, operating_status,
    above_scale, staff, version)
SELECT p.district_id, 'nonpublic_enterprise', {_NAME}, {{json}}, {_SORT_KEY}, {_credit_code()}, {_ADDRESS},
    t.industry, 'operating', {{no}}, 6 + o.n % 300, 1
{_UNIT}
ORDER BY o.n
"""
BRANCHES = """
INSERT INTO seed_branch (n, district_id, organization_id, unit_id)
SELECT row_number() OVER (ORDER BY o.n) - 1, p.district_id, o.organization_id,
    :first + row_number() OVER (ORDER BY o.n) - 1
FROM seed_organization o JOIN seed_place p ON p.n = o.place WHERE o.kind = 'branch'
"""
UNITS_NUMBERED = """
UPDATE seed_organization SET unit_id = (
    SELECT b.unit_id FROM seed_branch b
    WHERE b.n = seed_organization.n - :general * (seed_organization.place + 1)
) WHERE kind = 'branch'
"""
COVERAGE = """
INSERT INTO unit_coverage (district_id, organization_id, unit_id, form, valid_from)
SELECT district_id, organization_id, unit_id, 'single', :founded FROM seed_branch ORDER BY n
"""
CENTERS = """
INSERT INTO service_center (district_id, name, address, phone, opening_hours)
SELECT district_id, name || '党群服务中心', name || '兴业路1号', '0000-' || (70000000 + n),
    '周一至周五 9:00-17:00'
FROM seed_place ORDER BY n
"""

#: In the order in which ``search._entries`` puts the terms.
_LETTERS = "p.initials || b.initial || c.initial || t.initials"
_TERMS = " || ' ' || ".join(
    [
        "p.shared || ' ' || p.names",
        "'n' || p.last || b.text || ' n' || b.text || c.text || ' n' || c.text || t.first",
        "t.names || ' ' || p.sounds",
        "'p' || p.syllable || b.syllable || ' p' || b.syllable || c.syllable",
        "'p' || c.syllable || t.syllable || ' ' || t.sounds",
        *(f"'i' || substr({_LETTERS}, {start}, 8)" for start in range(1, 5)),
        "t.letters",
        # The address: region and road are one run of characters, number and 号 are runs of their own.
        "'a' || p.name || ' a' || p.last || substr(r.text, 1, 1)",
        "r.terms || ' a' || o.house || ' a号'",
    ]
)
_ENTRIES = """
INSERT INTO search_entry (kind, entity_id, district_id, number, name, name_key, code, sort_key, terms)
SELECT '{kind}', {entity}, p.district_id, 0, {name}, {name}, {code}, {sort_key}, {terms}
{named}
ORDER BY o.n
"""
ORGANIZATION_ENTRIES = _ENTRIES.format(
    kind="organization", entity="o.organization_id", name=_NAME, code="NULL", sort_key=_SORT_KEY,
    terms=_TERMS, named=_OWN,
)  # fmt: skip
UNIT_ENTRIES = _ENTRIES.format(
    kind="unit", entity="o.unit_id", name=_NAME, code=_credit_code(), sort_key=_SORT_KEY, terms=_TERMS,
    named=_UNIT,
)  # fmt: skip

#: Nothing but a number: the blind index of an id is an HMAC under a key no database holds.
PERSONS = "INSERT INTO person (ric_index) SELECT NULL FROM seed_number WHERE n < :members ORDER BY n"

MEMBERS = """
INSERT INTO member (uid, district_id, person_id, name, sort_key, initials, sex, birth_date, nation, education,
    phone_tail, ric_tail, stage, state, joined_on, full_on, post, unit_id, organization_id, lost_contact,
    floating, floating_to, remark, created_at, version)
SELECT :prefix || substr(CAST(10000000000000000 + d.n AS TEXT), 2, 16), d.district_id, :first + d.n,
    s.text || g.text, s.sort_key || ' ' || g.sort_key, s.initial || g.initials, d.sex, d.born, '01',
    substr('212131316171', CAST(1 + 2 * (d.mixed % 6) AS INTEGER), 2), '', '', d.stage, 'normal',
    CASE d.stage WHEN 'full' THEN {joined} WHEN 'probationary' THEN :lately END,
    CASE d.stage WHEN 'full' THEN {full} END,
    CASE d.mixed % 5 WHEN 0 THEN '生产部' WHEN 1 THEN '技术员' WHEN 2 THEN '会计' WHEN 3 THEN '销售'
        ELSE '班组长' END,
    d.unit_id, d.organization_id, {no}, {no}, '', '', :now, 1
FROM (
    SELECT m.n, m.mixed, h.district_id, h.organization_id, h.unit_id, {born} AS born,
        CASE WHEN m.mixed % 5 < 3 THEN '1' ELSE '2' END AS sex,
        CASE WHEN m.n % 100 = 41 THEN 'activist' WHEN m.n % 100 IN (17, 67) THEN 'probationary'
            ELSE 'full' END AS stage
    FROM (SELECT n, (n * 48271 + 11) % 2147483647 AS mixed FROM seed_number WHERE n < :members) m
    CROSS JOIN seed_branch h WHERE h.n = m.n * :branches / :members
) d
CROSS JOIN seed_surname s CROSS JOIN seed_given g
WHERE s.n = d.mixed / 5 % :surnames
    AND g.n = CASE d.sex WHEN '1' THEN d.mixed / 499 % :men ELSE :men + d.mixed / 499 % :women END
ORDER BY d.n
"""
AFFILIATIONS = """
INSERT INTO affiliation (district_id, member_id, organization_id, kind, valid_from, end_reason, void)
SELECT district_id, id, organization_id, 'formal',
    CASE WHEN joined_on > :since THEN joined_on ELSE :since END, '', {no}
FROM member ORDER BY id
"""
STAGES = """
INSERT INTO status_event (district_id, member_id, kind, value, on_day, document, recorded_at)
SELECT district_id, id, 'stage', stage, CASE WHEN joined_on > :since THEN joined_on ELSE :since END, '', :now
FROM member ORDER BY id
"""
#: The first of each branch leads it.
SECRETARIES = """
INSERT INTO office (district_id, member_id, organization_id, role, term_no, valid_from)
SELECT district_id, min(id), organization_id, 'secretary', 4, :term_start
FROM member WHERE stage = 'full' GROUP BY district_id, organization_id ORDER BY min(id)
"""


def in_dialect(statement: str, *, postgresql: bool) -> str:
    """Write the few words that the two databases spell otherwise."""
    born = _day("'1950-01-01'", "m.mixed / 7 % 16000", postgresql=postgresql)
    return (
        statement.replace("{born}", born)
        .replace("{joined}", _day("d.born", "9131 + d.mixed / 11 % 1500", postgresql=postgresql))
        .replace("{full}", _day("d.born", "9496 + d.mixed / 11 % 1500", postgresql=postgresql))
        .replace("{json}", "CAST('[]' AS JSONB)" if postgresql else "'[]'")
        .replace("{no}", "false" if postgresql else "0")
    )


def _day(from_day: str, days: str, *, postgresql: bool) -> str:
    if postgresql:
        return f"CAST({from_day} AS DATE) + CAST({days} AS INTEGER)"
    return f"date({from_day}, '+' || ({days}) || ' days')"
