"""Every address and API operation x every hat x one's own and another OPD's things: who gets past, as the rule says.

The list is read from the code: an endpoint without a rule fails here, and so does one that takes an id nobody gave the
matrix a thing for.
"""

import logging
import os
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from satukota.base import clock
from satukota.city.endpoints import PART, Endpoint, endpoints
from satukota.project.foreign_views import FOREIGN_VIEWS

from .access_city import HATS, City, Hat, make

# Parts of an address that are no id: any value the page knows.
WORDS: dict[str, Any] = {
    "fmt": "csv", "form": "csv", "days": 30, "slot": "latest", "key": "opd", "step": 0, "token": "tidak-ada",
    "mark": "contoh", "z": 14, "x": 13539, "y": 8185,
    "month": "2026-10",
}  # fmt: skip
ACTS = {
    "command_centre:hand_over_sign": ["serah", "terima"],
    "command_centre:swap_answer": ["terima", "tolak"],
    "cameras:import_act": ["batalkan"],
}  # where every act needs the same
OWN_ACCOUNT = {"accounts:end_session": 0}  # ids among the person's own things only
# Things of the platform itself, of no OPD; none is made here, so who may act on them finds them missing.
PLATFORM = {"command_centre:message_again", "command_centre:queues_again", "command_centre:audit_proof"}
# Pages that take an id and ask in the action instead of the rule: the same thing is tried.
ASKS_INSIDE = {
    "city:invite": "person_to_edit", "city:invite_again": "person_to_edit", "city:revoke_invitation": "person_to_edit",
}  # fmt: skip
# belong to no OPD: only a duty limited to an area does not reach the other one
UNOWNED = {"place_to_edit", "rt_to_edit", "holiday_to_remove"}
# lie in no area: not changed under a duty limited to one
AREALESS = {
    "opd_to_edit", "contract_to_edit", "holiday_to_remove", "rota_for", "shift_for", "swap_for",
    "agreement_for", "exhibit_for", "ledger_to_keep", "rule_to_end", "statement_to_keep", "dispute_to_settle",
    "plan_for", "offer_for", "recorder_for",
}  # fmt: skip
MAY_BE_MISSING = PLATFORM | {
    "video_wall:remove",
    "command_centre:coverage_cameras",
    "command_centre:coverage_street",  # names it in the query
    "open_api:street_look",
    "command_centre:exhibit_package",
    "cameras:retrieval_letter",  # nobody wrote it
    "vendor_ledger:letter",  # the month there is a draft
    "camera_plans:pdf",  # the plan there has no cameras
    "city:invite_again",
    "city:revoke_invitation",
}  # nobody here was invited
QUERIES = {
    "open_api:map_states": lambda: {"at": clock.now().isoformat()},
    "open_api:what_if": lambda: {"down": "MB-001"},
    "open_api:street_look": lambda: {"id": 1},
}
# Addresses given as expressions: one that fits.
EXPRESSIONS = {
    "(signup|email|confirm-email|password/set|login/code|phone|social)(/.*)?$": "signup",
    "3rdparty/(signup/)?$": "3rdparty/",
    r"(?P<key>[-:\w]+)/$": "tidak-ada/",
    "(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "1-tidak-ada/",
    "(?P<provider_id>[^/]+)": "tidak-ada",
}
PASSED = {200, 204, 302, 304, 409, 422}  # the view was reached: it may still complain of an empty form
REFUSED = 404


def every() -> list[Endpoint]:
    return endpoints(FOREIGN_VIEWS)


@pytest.fixture
def city(db: None, settings: Any, tmp_path: Any) -> Iterator[City]:
    settings.FILES_DIR = tmp_path
    logging.disable(logging.INFO)  # thousands of requests, a line each
    yield make()
    logging.disable(logging.NOTSET)


def test_every_endpoint_wears_a_rule():
    bare = [f"{one.path} ({one.view})" for one in every() if one.rule is None]
    assert not bare, (
        "These addresses have no rule, so nobody decided who may open them. Write @needs(…), @for_the_signed_in(…) or "
        "@for_everyone(…) from satukota.city.gates above the view: " + "; ".join(bare)
    )


def test_every_id_in_an_address_is_known_to_the_matrix(city):
    unknown = []
    for one in every():
        if one.is_foreign or one.rule is None:
            continue
        left = set(one.takes) - {one.rule.by, one.rule.act_in} - WORDS.keys()
        found_by = _found_by(one)
        if found_by and found_by not in city.own:
            unknown.append(f"{one.path}: give tests/architecture/access_city.py a thing for {found_by}")
        if left - {"act"} and not found_by and one.name not in {*city.shared, *OWN_ACCOUNT, *PLATFORM}:
            unknown.append(f"{one.path}: {sorted(left)}: find it in the rule (find=…, by=…), or say who sees it")
        if "act" in left and one.name not in ACTS:
            unknown.append(f"{one.path}: name its acts with @needs_for, or say here that all need the same")
    assert not unknown, "\n".join(unknown)


@pytest.mark.slow
@pytest.mark.one_database
def test_the_whole_matrix(city, settings):
    """One line per address that does not answer as its rule says."""
    settings.SAMPLE = True  # the catcher of letters has its page in the sample city alone
    wrong: dict[str, list[str]] = {}
    asked, who_asked = 0, set()
    for one in every():
        methods = _methods(one, city)
        if not methods:
            wrong[f"{one.path} answers neither GET nor POST"] = []
        for method in methods:
            for thing, act, url in _addresses(one, city):
                for hat in _hats(one, thing, act):
                    asked += 1
                    who_asked.add(hat.name if hat else "")
                    problem = _problem(one, hat, thing, act, _ask(city, hat, method, url, one))
                    if problem:
                        who = hat.name if hat else "nobody"
                        wrong.setdefault(f"{method} {url} ({thing} thing) {problem}", []).append(who)
    told = [f"{what}, asked as: {', '.join(who)}" for what, who in wrong.items()]
    assert not told, f"of {asked} answers these are not as the rule says:\n" + "\n".join(told)
    assert asked > 2500
    assert {hat.name for hat in HATS} <= who_asked  # nobody is left out


def _hats(one: Endpoint, thing: str, act: str) -> list[Hat | None]:
    """Every role on one's own thing; on another OPD's thing those who are not refused already. Where no duty is asked
    for, nobody, somebody without one, and somebody with one.

    Roles that may the same and reach as far are one question with the same answer: one of each kind is asked, another
    one at each address, so that all are asked somewhere. SATUKOTA_WHOLE_MATRIX=1 asks every one of them everywhere.
    """
    rule = one.rule
    permission = rule.acts.get(act, rule.permission) if rule else ""
    if not permission:
        return [None, *HATS[:2]]
    asked = [hat for hat in HATS if hat.may(permission)] if thing == "other" else HATS
    chosen = asked if os.environ.get("SATUKOTA_WHOLE_MATRIX") else _some(asked, permission, one.path + act)
    return [*chosen] if thing == "other" else [None, *chosen]


def _some(hats: Sequence[Hat], permission: str, salt: str) -> list[Hat]:
    alike: dict[Any, list[Hat]] = defaultdict(list)
    for hat in hats:
        alike[hat.may(permission), hat.reaches_others, hat.in_area].append(hat)
    turn = zlib.crc32(salt.encode())
    return [group[turn % len(group)] for group in alike.values()]


def _problem(one: Endpoint, hat: Hat | None, thing: str, act: str, answer: Any) -> str:
    status, rule = answer.status_code, one.rule
    if status >= 500:
        return f"{status}: it broke"
    if one.is_foreign or rule is None or rule.is_public:
        return "" if status != 403 else f"{status} on a public page"
    if hat is None:
        to_sign_in = status == 302 and "/akun/login" in answer["Location"]
        return "" if (status == 401 if one.is_api else to_sign_in) else f"{status}: anonymous must sign in first"
    permission = rule.acts[act] if rule.act_in else rule.permission
    if not permission:
        return ""  # the person's own things; `PASSED` or missing, and tested where they live
    is_out_of_reach = thing == "other" and not (hat.reaches_others or (_found_by(one) in UNOWNED and not hat.in_area))
    is_out_of_reach = is_out_of_reach or (_found_by(one) in AREALESS and hat.in_area)
    if not hat.may(permission) or is_out_of_reach:
        return "" if status == REFUSED else f"{status}: {permission} must be refused as missing"
    if one.name in MAY_BE_MISSING and status == REFUSED:
        return ""
    return "" if status in PASSED else f"{status}: {permission} is allowed, so it must get past"


def _ask(city: City, hat: Hat | None, method: str, url: str, one: Endpoint) -> Any:
    """The answer, and the database as it was before."""
    client = Client() if hat is None else city.clients[hat]
    client.raise_request_exception = False
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    with transaction.atomic():
        answer = client.generic(method, url, QUERY_STRING=_query(one))
        transaction.set_rollback(True)
    client.cookies.clear()  # one of the addresses signs out
    client.cookies.load(cookies)
    return answer


def _found_by(one: Endpoint) -> str:
    """The name of the function that finds the thing an address names; empty for none."""
    return getattr(one.rule.find, "__name__", "") if one.rule and one.rule.find else ASKS_INSIDE.get(one.name, "")


def _query(one: Endpoint) -> str:
    from urllib.parse import urlencode

    return urlencode(QUERIES[one.name]()) if one.name in QUERIES else ""


def _methods(one: Endpoint, city: City) -> list[str]:
    """What the endpoint answers; a page refuses a wrong method before it asks who it is."""
    if one.methods:
        return list(one.methods)
    url = next(_addresses(one, city))[2]
    return [method for method in ("GET", "POST") if _ask(city, None, method, url, one).status_code != 405]


def _addresses(one: Endpoint, city: City) -> Iterator[tuple[str, str, str]]:
    """(own, other or shared; act; address), for each thing and act the endpoint takes."""
    acts = list(one.rule.acts) if one.rule and one.rule.acts else ACTS.get(one.name, [""])
    found_by = _found_by(one)
    for thing in ("own", "other") if found_by else ("shared",):
        for act in acts:
            parts = WORDS | {"act": act}
            known = getattr(city, thing).get(found_by or one.name, OWN_ACCOUNT.get(one.name, 1))
            parts |= {name: known for name in one.takes if name not in parts}
            yield thing, act, _fill(one.path, parts)


def _fill(path: str, parts: dict[str, Any]) -> str:
    for expression, example in EXPRESSIONS.items():
        path = path.replace(expression, example)
    return PART.sub(lambda match: str(parts[match[1]]), path)


MISSING = {"code": "tidak-ada", "number": "INS-2026-999999", "pk": 987_654_321}


def test_another_opds_thing_looks_exactly_like_no_thing(city):
    """Byte for byte, as a page and as JSON, but for the address asked for, the form token and the request's number."""
    tried = 0
    for one in every():
        found_by = _found_by(one)
        if not found_by or found_by in UNOWNED:
            continue
        method = _methods(one, city)[0]
        for thing, act, url in _addresses(one, city):
            if thing == "own":
                continue
            gone = url.replace(f"/{city.other[found_by]}", f"/{MISSING[one.rule.by or 'pk']}", 1)
            assert gone != url
            permission = one.rule.acts.get(act, one.rule.permission)
            hats = [hat for hat in HATS if hat.may(permission) and not hat.reaches_others]
            assert hats or permission == "accounts.invite", f"no hat to try {one.path} with"
            for accept in ("text/html", "application/json") if hats else ():
                tried += 1
                hat = hats[tried % len(hats)]
                assert _body(city, hat, method, url, accept) == _body(city, hat, method, gone, accept), (url, hat.name)
    assert tried > 60


def _body(city: City, hat: Hat, method: str, url: str, accept: str) -> tuple[int, bytes]:
    client = city.clients[hat]
    with transaction.atomic():
        answer = client.generic(method, url, headers={"accept": accept})
        transaction.set_rollback(True)
    body = answer.content.decode().replace(url, "ADDRESS")
    body = re.sub(r"[A-Za-z0-9]{64}", "TOKEN", body)
    return answer.status_code, re.sub(r"data-request=\"[^\"]*\"", "", body).encode()
