"""Every address a person opens, from the URLconf: a new page is covered by itself, or named here with why not.

A pattern without arguments is opened by itself, as the operator unless `AS` names another login. One with arguments
needs an example. What is no page of its own is in `NO_PAGE`.
"""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver, reverse

PUBLIC = {"watch_counts", "portal:status", "portal:status_page", "account_login"}
AS = {
    "camera_plans:new": "teknisi", "camera_plans:prices": "teknisi", "camera_plans:offers": "teknisi",
    "cameras:live_settings": "teknisi", "cameras:agreements": "supervisor", "cameras:agreement_add": "supervisor",
    "cameras:peers": "supervisor", "cameras:peer_add": "supervisor",
    "cameras:publishing": "supervisor", "vendor_ledger:list": "teknisi", "vendor_ledger:contract": "teknisi",
    "vendor_ledger:terms": "teknisi", "vendor_ledger:add_rule": "teknisi", "vendor_ledger:month": "teknisi",
    "cameras:import": "teknisi", "cameras:import_batch": "teknisi", "cameras:edit": "teknisi",
    "command_centre:audit": "auditor",
    "cameras:recorder_add": "teknisi",
    "cameras:watch_log": "auditor", "command_centre:sop_write": "supervisor", "city:accounts": "register",
    "command_centre:rota_new": "supervisor", "command_centre:rota_edit": "supervisor",
    "ground:import": "teknisi", "ground:people": "teknisi", "ground:kind": "teknisi",
    "command_centre:shift_leave": "supervisor", "command_centre:shift": "supervisor",
}  # fmt: skip
# the registers' forms, as "register"
EDITS = ("city:add_", "city:edit_", "city:end_", "city:substitute_", "city:settle_", "city:import_", "city:remove_",
         "city:close_", "city:reopen_", "city:open_nik", "city:find_nik")  # fmt: skip
TAKES_THE_ENGINEER = {
    "city:add_feeder",
    "city:edit_feeder",
    "city:end_feeder",
    "city:add_contract",
    "city:edit_contract",
}

NO_PAGE = {
    "command_centre:figures": "part of the map", "command_centre:now": "part of the map",
    "command_centre:start": "sends each role to its first page", "command_centre:dark": "an act",
    "command_centre:audit_export": "a file", "command_centre:audit_proof": "a file",
    "command_centre:incidents_export": "a file", "command_centre:incident_act": "an act",
    "command_centre:incident_step": "an act", "command_centre:message_again": "an act",
    "command_centre:messages_choice": "an act",
    "command_centre:queues_again": "an act",
    "command_centre:rota_plan": "an act", "command_centre:swap_answer": "an act", "command_centre:swap_ask": "an act",
    "command_centre:shift_seat": "an act", "command_centre:hand_over_sign": "an act",
    "command_centre:shift_load_export": "a file",
    "command_centre:trial_around": "for the script of the coverage map",
    "command_centre:trial_outcome": "for the script of the coverage map",
    "command_centre:trial_camera": "for the script of the coverage map", "command_centre:trial_save": "an act",
    "cameras:availabilities": "part of the list", "cameras:export": "a file", "cameras:import_template": "a file",
    "cameras:import_onvif": "an act; its form is on the import page", "cameras:import_progress": "part of the import",
    "cameras:import_refused": "a file", "cameras:import_act": "an act", "cameras:evidence_picture": "a picture",
    "cameras:reference_picture": "a picture", "cameras:panel": "part of the map, opened there",
    "cameras:availability": "part of the camera page", "cameras:records": "part of the camera page",
    "cameras:live_ticket": "an act", "cameras:keep_picture": "an act", "cameras:steer": "an act",
    "video_wall:near_boxes": "part of the incident page",
    "cameras:presets": "for the script of live pictures", "cameras:bookmark_picture": "a picture",
    "video_wall:tiles": "for the script of the wall", "video_wall:near": "for the script of the wall",
    "video_wall:save": "an act", "video_wall:remove": "an act", "watch_counts_json": "for machines",
    "cameras:recorder": "needs a recorder; the list and the form are opened", "cameras:recorder_ask": "an act",
    "cameras:recorder_edit": "needs a recorder; the form for a new one is the same", "cameras:retrieval_act": "an act",
    "cameras:retrieval": "needs a request; the list and the form are opened", "cameras:recording_ask": "an act",
    "cameras:retrieval_letter": "a file", "cameras:retrieval_progress": "part of the request",
    "cameras:retrievals_export": "a file", "cameras:recording_attach": "an act",
    "cameras:look": "an act", "cameras:accept_reference": "an act", "cameras:maintenance": "an act",
    "cameras:retire": "an act", "cameras:slot": "a picture",
    "city:holidays_export": "a file",
    "city:export": "a file", "city:wear": "an act", "city:invite_again": "an act", "city:revoke_invitation": "an act",
    "city:invite": "only for people without an account; the page frame is that of the other register forms",
    "city:phone": "part of the incident page",
    "ground:upload": "only after a file was sent; its frame is that of the import page",
    "ground:upload_apply": "an act", "ground:upload_cancel": "an act", "ground:places_export": "a file",
    "ground:tiles": "part of the map", "ground:tile": "part of the map",
    "ground:source": "opened from the list of sources, which is opened here; its frame is the same",
    "blind_spots:features": "part of the list's map", "blind_spots:search": "an act", "blind_spots:export": "a file",
    "blind_spots:file": "a file", "blind_spots:act": "an act",
    "blind_spots:spot": "needs a measured city: opened by the journey J2",
    "camera_plans:plan": "needs a measured city: opened by the journey J2",
    "camera_plans:compare": "needs two calculated plans", "camera_plans:progress": "part of the plan",
    "camera_plans:replan": "part of the plan's map", "camera_plans:save_moved": "an act", "camera_plans:pdf": "a file",
    "camera_plans:export": "a file", "camera_plans:act": "an act", "camera_plans:end_offer": "an act",
    "command_centre:coverage_export": "a file", "command_centre:coverage_cameras": "part of the coverage map",
    "command_centre:coverage_street": "part of the coverage map",
    "command_centre:coverage_panel": "part of the coverage map",
    "cameras:agreement": "needs an agreement; the list and the form are opened",
    "cameras:peer": "needs a joined installation; the list and the form are opened", "cameras:peer_sync": "an act",
    "cameras:peer_close": "an act", "cameras:own_key_rotate": "an act", "cameras:loan_revoke": "an act",
    "cameras:loan": "needs a joined installation", "cameras:loan_add": "needs a joined installation",
    "card": "for machines",
    "cameras:agreement_revoke": "an act", "cameras:publish": "an act", "public_picture": "a picture",
    "command_centre:exhibit": "needs an exhibit; the list and the form are opened",
    "command_centre:exhibit_check": "an act", "command_centre:exhibit_file": "a file",
    "command_centre:exhibit_hide": "an act", "command_centre:exhibit_hold": "an act",
    "command_centre:exhibit_lift": "an act", "command_centre:exhibit_package": "a file",
    "command_centre:exhibit_release": "an act", "command_centre:exhibits_export": "a file",
    "documents:certificate": "a file",
    "documents:paper": "needs a signed paper; the page that asks for its code is opened",
    "vendor_ledger:answer": "an act", "vendor_ledger:close": "an act", "vendor_ledger:correct": "an act",
    "vendor_ledger:decide": "an act", "vendor_ledger:end_rule": "an act", "vendor_ledger:letter": "a file",
    "vendor_ledger:prepare": "an act", "vendor_ledger:outages": "a file", "vendor_ledger:working_paper": "a file",
    "vendor_ledger:dispute": "an act",
    "set_language": "an act",
}  # fmt: skip
NO_PAGE_OF_OURS = {
    "": "unnamed: the health check and addresses that are closed",
    "open_api:": "for machines",
    "account_": "sign-in and passwords: tested with accounts",
    "accounts:": "a person's own account: tested with accounts",
    "mfa_": "second factor: tested with accounts",
    "socialaccount_": "single sign-on: tested with accounts",
    "openid_connect_": "single sign-on: tested with accounts",
    "usersessions_": "closed; devices are on the account page",
}


def examples(known: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Arguments for each pattern that takes some, in the settled town."""
    opd, person, place = {"code": "diskominfo"}, {"pk": known["person"]}, {"code": known["place"]}
    link, contract, duty = {"code": "FO-07"}, {"pk": known["contract"]}, {"pk": known["duty"]}
    return {
        "command_centre:sop": {"pk": known["sop"]}, "command_centre:incident": {"number": known["incident"]},
        "command_centre:rota_edit": {"pk": known["rota"]}, "command_centre:shift": {"pk": known["shift"]},
        "command_centre:hand_over": {"pk": known["shift"]},
        "cameras:camera": {"code": "MB-012"}, "cameras:edit": {"code": "MB-012"},
        "cameras:import_batch": {"pk": known["batch"]},
        "city:list": {"key": "opd"}, "city:opd": opd, "city:edit_opd": opd, "city:end_opd": opd, "city:add_duty": opd,
        "city:person": person, "city:edit_person": person, "city:close_account": person, "city:reopen_account": person,
        "city:end_sessions": person, "city:open_nik": person, "city:end_duty": duty, "city:substitute_duty": duty,
        "city:place": place, "city:edit_place": place, "city:feeder": link, "city:edit_feeder": link,
        "city:end_feeder": link,
        "city:edit_rt": {"pk": known["rt"]}, "city:remove_holiday": {"pk": known["holiday"]},
        "ground:kind": {"code": "school"}, "cameras:live_settings": {"code": "MB-012"},
        "cameras:recordings": {"code": "MB-012"},
        "vendor_ledger:contract": contract, "vendor_ledger:terms": contract, "vendor_ledger:add_rule": contract,
        "vendor_ledger:month": contract | {"month": "2026-10"},
        "city:contract": contract, "city:edit_contract": contract, "city:kelurahan": {"code": known["kelurahan"]},
    }  # fmt: skip


MORE = [  # the same page in another state
    ("operator", "/pusat/?kamera=MB-012"), ("operator", "/pusat/kamera/?view=grid"),
    ("operator", "/pusat/kamera/?q=tidak-ada"), ("operator", "/pusat/insiden/?state=closed"),
    ("operator", "/pusat/cari?q=simpang"), ("register", "/pusat/register/orang/"),
    ("register", "/pusat/register/kelurahan/"), ("register", "/pusat/register/tempat/"),
    ("register", "/pusat/register/jaringan/"), ("register", "/pusat/register/kontrak/"),
    ("", "/tidak-ada/"), ("operator", "/pusat/kamera/TIDAK-ADA/"),
]  # fmt: skip


def patterns(within: Any = None, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in (within or get_resolver()).url_patterns:
        if isinstance(each, URLPattern):
            yield (f"{namespace}{each.name}" if each.name else ""), each
        else:
            yield from patterns(each, f"{namespace}{each.namespace}:" if each.namespace else namespace)


def is_excused(name: str) -> bool:
    return name in NO_PAGE or not name or any(name.startswith(start) for start in NO_PAGE_OF_OURS if start)


def unknown_pages() -> list[str]:
    """Patterns with arguments that have neither an example nor an excuse."""
    known = examples(
        dict.fromkeys(
            (
                "person",
                "place",
                "contract",
                "duty",
                "sop",
                "incident",
                "batch",
                "kelurahan",
                "rt",
                "holiday",
                "rota",
                "shift",
            )
        )
    )
    return sorted({
        name for name, pattern in patterns()
        if pattern.pattern.converters and name not in known and name not in PUBLIC and not is_excused(name)
    })  # fmt: skip


def login_for(name: str) -> str:
    if name in PUBLIC:
        return ""
    if name in TAKES_THE_ENGINEER:
        return "teknisi"
    if any(name.startswith(start) for start in EDITS):
        return "register"
    return AS.get(name, "operator")


def pages(known: dict[str, Any]) -> list[tuple[str, str]]:
    """(login or "", path) of every page."""
    arguments = examples(known)
    named = sorted({name for name, _pattern in patterns() if name in PUBLIC or not is_excused(name)})
    return [*((login_for(name), reverse(name, kwargs=arguments.get(name))) for name in named), *MORE]
