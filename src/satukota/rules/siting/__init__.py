"""Which sites to choose: a good plan at once, a better one as it runs, and a proven bound on the best.

Free of camera words: options reach points, whatever reaching means. numpy only until something is solved; compiled
parts are imported then.
"""

from satukota.rules.siting.plan import Plan, Reason, next_best, reasons
from satukota.rules.siting.problem import Problem
from satukota.rules.siting.solve import again, make_ready, solve

__all__ = ["Plan", "Problem", "Reason", "again", "make_ready", "next_best", "reasons", "solve"]
