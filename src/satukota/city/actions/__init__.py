"""Every write to the registers. Each is one transaction with its line on the audit log."""

from .accounts import Invited, invite_person, invite_person_again, revoke_invitation
from .boundaries import BoundaryReport, import_boundaries
from .duties import Where, assign_duty, end_duty, substitute_duty
from .offices import add_opd, edit_opd, end_opd
from .people import add_person, edit_person
from .profile import Loaded, load_profile
from .things import add_contract, add_feeder, add_place, edit_contract, edit_feeder, edit_place, on_feeder_saved

__all__ = [
    "BoundaryReport", "Invited", "Loaded", "Where", "add_contract", "add_feeder", "add_opd", "add_person", "add_place",
    "assign_duty", "edit_contract", "edit_feeder", "edit_opd", "edit_person", "edit_place", "end_duty", "end_opd",
    "import_boundaries", "invite_person", "invite_person_again", "load_profile", "on_feeder_saved",
    "revoke_invitation", "substitute_duty",
]  # fmt: skip
