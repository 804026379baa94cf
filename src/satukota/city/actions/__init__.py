"""Every write to the registers. Each is one transaction with its line on the audit log."""

from .accounts import (
    Invited,
    close_account,
    end_sessions,
    invite_person,
    invite_person_again,
    reopen_account,
    revoke_invitation,
)
from .boundaries import BoundaryReport, import_boundaries
from .duties import Where, assign_duty, end_duty, substitute_duty
from .holidays import add_holiday, remove_holiday, settle_year
from .neighbourhoods import Imported, edit_rt, import_rts, rt_to_edit
from .offices import add_opd, edit_opd, end_opd
from .people import add_person, edit_person, find_by_nik, open_nik
from .profile import Loaded, load_profile
from .things import (
    add_contract,
    add_feeder,
    add_place,
    edit_contract,
    edit_feeder,
    edit_place,
    end_feeder,
    on_feeder_saved,
)

__all__ = [
    "BoundaryReport", "Imported", "Invited", "Loaded", "Where", "add_contract", "add_feeder", "add_holiday",
    "add_opd", "add_person", "add_place", "assign_duty", "close_account", "edit_contract", "edit_feeder", "edit_opd",
    "edit_person", "edit_place", "edit_rt", "end_duty", "end_feeder", "end_opd", "end_sessions", "find_by_nik",
    "import_boundaries", "import_rts", "invite_person", "invite_person_again", "load_profile", "on_feeder_saved",
    "open_nik", "remove_holiday", "reopen_account", "revoke_invitation", "rt_to_edit", "settle_year", "substitute_duty",
]  # fmt: skip
