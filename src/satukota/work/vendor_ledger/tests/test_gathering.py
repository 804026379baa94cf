"""What is known of a month, from monitoring to figures."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from satukota.base.errors import Missing, UserError
from satukota.city.models import Contract
from satukota.shared.monitoring.models import MaintenanceWindow, Reading, Target, UplinkOutage
from satukota.work.vendor_ledger import actions, months
from satukota.work.vendor_ledger.gathering import facts_of, gather
from satukota.work.vendor_ledger.months import Month
from satukota.work.vendor_ledger.reckoning import figures_of, ratio_of

from .make import DAY, HOUR, NOW, OCTOBER, START, fails, make_ledger, watched

pytestmark = pytest.mark.django_db


def figures(ledger, month=OCTOBER, at=NOW):
    contract = Contract.objects.select_related("opd", "terms").get(pk=ledger.contract.pk)
    return figures_of(facts_of(contract, month, at))


def test_an_outage_is_measured_and_charged():
    ledger = make_ledger()
    fails(ledger.cameras[0], START + 5 * DAY, START + 8 * DAY)  # three of 62 camera days
    told = figures(ledger)
    assert ratio_of(told) == Fraction(59, 62)  # 95,16 %: kept
    assert {row["rp"] for row in told["charges"]} == {0, 2 * 365_000}
    assert told["mean_repair_s"] == 3 * 86400 and told["repaired"] == 1
    (outage,) = told["outages"]
    assert (outage["key"], outage["steps"], outage["rp"]) == ("MB-001", 2, 730_000)


def test_maintenance_and_our_own_line_are_not_the_vendors():
    ledger = make_ledger()
    camera = ledger.cameras[0]
    fails(camera, START + 5 * DAY, START + 8 * DAY)
    MaintenanceWindow.objects.create(target=camera, starts_at=START + 5 * DAY, ends_at=START + 6 * DAY, reason="x",
                                     declared_by=ledger.engineer, declared_at=START)  # fmt: skip
    UplinkOutage.objects.create(lost_at=START + 6 * DAY, back_at=START + 7 * DAY)
    told = figures(ledger)
    (outage,) = told["outages"]
    assert (outage["maintenance_s"], outage["unknown_s"], outage["counted_s"]) == (86400, 86400, 86400)
    assert told["total_rp"] == 0


def test_a_failure_whose_root_lies_outside_the_contract_is_excused():
    ledger = make_ledger()
    for camera in ledger.cameras:
        fails(camera, START + DAY, START + 9 * DAY, cause="behind_link", root=ledger.link)
    fails(ledger.link, START + DAY, START + 9 * DAY)
    told = figures(ledger)
    assert told["excused_s"] == 2 * 8 * 86400 and told["total_rp"] == 0 and ratio_of(told) == 1
    ledger.contract.terms.excuses_outside = False
    ledger.contract.terms.save()
    assert figures(ledger)["total_rp"] > 0


def test_an_outage_that_began_in_september_is_not_charged_twice():
    ledger = make_ledger()
    fails(ledger.cameras[0], START - 3 * DAY, START + 2 * DAY)
    september = figures(ledger, Month(date(2026, 9, 1)))["outages"][0]
    october = figures(ledger)["outages"][0]
    assert (september["counted_s"], september["is_repaired"], september["steps"]) == (3 * 86400, False, 2)
    assert (october["before_s"], october["counted_s"], october["steps"]) == (3 * 86400, 2 * 86400, 2)
    assert figures(ledger)["mean_repair_s"] == 5 * 86400


def test_what_had_counted_before_leaves_out_what_was_excused_before():
    ledger = make_ledger()
    fails(ledger.cameras[0], START - 3 * DAY, START + 2 * DAY, root=ledger.link)
    outage = figures(ledger)["outages"][0]
    assert (outage["before_s"], outage["counted_s"], outage["excused_s"]) == (0, 0, 2 * 86400)


def test_a_contract_that_ended_mid_month_is_judged_to_its_last_day():
    ledger = make_ledger(ends_on=date(2026, 10, 10))
    fails(ledger.cameras[0], START + 8 * DAY, START + 20 * DAY)
    told = figures(ledger)
    assert told["parts"]["required_s"] == 2 * 10 * 86400
    assert told["outages"][0]["counted_s"] == 2 * 86400 and not told["outages"][0]["is_repaired"]
    with pytest.raises(UserError, match="tidak berlaku") as caught:
        figures(ledger, Month(date(2026, 11, 1)))
    assert caught.value.code == "di_luar_masa_kontrak"


def test_a_contract_that_began_mid_month_owes_nothing_for_the_time_before():
    ledger = make_ledger(starts_on=date(2026, 10, 11), rules=False)
    fails(ledger.cameras[0], START - 5 * DAY, START + 12 * DAY)
    (outage,) = figures(ledger)["outages"]
    assert outage["counted_s"] == 2 * 86400 and outage["before_s"] == 0


def test_a_month_to_come_is_refused():
    with pytest.raises(UserError, match="belum tiba"):
        figures(make_ledger(), Month(date(2026, 12, 1)))


NO_MONTHS = ["", "2026", "2026-13", "2026-00", "26-01", "2026-1", "٢٠٢٦-١٠", "2026-10-01", "1999-01"]


@pytest.mark.parametrize("text", NO_MONTHS)
def test_what_is_no_month_is_missing(text):
    with pytest.raises(Missing):
        months.read(text)


def test_the_running_month_is_judged_up_to_now():
    ledger = make_ledger()
    told = facts_of(Contract.objects.select_related("opd", "terms").get(pk=ledger.contract.pk),
                    Month(date(2026, 11, 1)), NOW)  # fmt: skip
    assert not told["is_over"] and told["until"] == int(NOW.timestamp())


def test_nothing_watched_and_never_seen_say_so():
    ledger = make_ledger()
    Target.objects.filter(contract=ledger.contract).update(watched_from=None)
    assert figures(ledger)["reason"] == "never_seen" and figures(ledger)["total_rp"] == 0
    Target.objects.filter(contract=ledger.contract).update(contract=None)
    assert figures(ledger)["reason"] == "no_things"


def test_no_required_minute_in_the_month_is_no_shortfall():
    ledger = make_ledger(starts_on=date(2026, 10, 3), ends_on=date(2026, 10, 4))  # a weekend
    Target.objects.filter(contract=ledger.contract).update(required_hours=[["mon", "08:00", "16:00"]])
    told = figures(ledger)
    assert told["reason"] == "not_required" and told["ratio"] is None and told["total_rp"] == 0


def test_readings_may_be_deleted_and_the_figures_stay():
    ledger = make_ledger()
    fails(ledger.cameras[0], START + 5 * DAY, START + 8 * DAY)
    Reading.objects.create(target=ledger.cameras[0], at=START + 5 * DAY, verdict="down")
    before = figures(ledger)
    Reading.objects.all().delete()
    assert figures(ledger) == before


def test_the_number_of_queries_does_not_grow_with_contracts_and_things():
    def queries():
        rows = list(Contract.objects.select_related("opd", "terms"))
        with CaptureQueriesContext(connection) as caught:
            gather(rows, OCTOBER, NOW)
        return len(caught)

    ledger = make_ledger()
    fails(ledger.cameras[0], START - DAY, START + HOUR)
    few = queries()
    for n in range(10, 30):
        fails(watched(f"MB-0{n}", "camera", ledger.contract, owner=ledger.opd), START - n * HOUR, START + n * HOUR)
    assert queries() == few <= 20


def test_the_rule_of_the_first_day_judges_the_month():
    ledger = make_ledger()
    rule = ledger.contract.penalty_rules.get(kind="late_repair")
    actions.end_rule(rule.pk, valid_to=date(2026, 10, 15), by=ledger.engineer, at=NOW)
    fails(ledger.cameras[0], START + 20 * DAY, START + 23 * DAY)
    assert figures(ledger)["total_rp"] == 730_000
    fails(ledger.cameras[0], START + 32 * DAY, START + 32 * DAY + timedelta(hours=30))
    november = figures(ledger, Month(date(2026, 11, 1)), NOW + 5 * DAY)
    assert str(rule.pk) not in {charge["rule"] for charge in november["charges"]} and november["outages"]
