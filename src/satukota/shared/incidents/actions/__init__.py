"""Everything a person, or the clock, does to an incident."""

from .escalate import escalate, escalate_overdue
from .handle import add_note, assign, close, open_by_person, recover, reopen, take
from .join import merge, unmerge
from .steps import do_step, undo_step, write_sop

__all__ = [
    "add_note", "assign", "close", "do_step", "escalate", "escalate_overdue", "merge", "open_by_person", "recover",
    "reopen", "take", "undo_step", "unmerge", "write_sop",
]  # fmt: skip
