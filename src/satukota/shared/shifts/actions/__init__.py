"""Everything people do with shifts. Each is one transaction with its line on the audit log."""

from .handing_over import EARLY, sign_in, sign_out
from .planning import WEEKS_MOST, add_rota, edit_rota, note_leave, plan_ahead, seat
from .swapping import agree, ask_swap, decline, withdraw

__all__ = [
    "EARLY", "WEEKS_MOST", "add_rota", "agree", "ask_swap", "decline", "edit_rota", "note_leave", "plan_ahead", "seat",
    "sign_in", "sign_out", "withdraw",
]  # fmt: skip
