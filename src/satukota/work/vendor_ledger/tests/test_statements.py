"""A month is drafted by one person and closed by another; then it never changes, and it can be computed again."""

import json
from contextlib import suppress

import pytest
from django.db import IntegrityError, transaction

from satukota.base.audit import form
from satukota.base.documents.signing import identity
from satukota.base.documents.verifying import NotAPaper, verify_pdf
from satukota.base.errors import AlreadyDone, Missing, UserError
from satukota.base.evidence.actions import content_of
from satukota.city.models import Contract, Opd
from satukota.shared.monitoring.models import StatusChange
from satukota.work.vendor_ledger import actions, queries
from satukota.work.vendor_ledger.gathering import facts_of
from satukota.work.vendor_ledger.models import Statement, Terms
from satukota.work.vendor_ledger.months import of
from satukota.work.vendor_ledger.reckoning import figures_of, sealed

from .make import (
    DAY,
    NOW,
    OCTOBER,
    START,
    add_rule,
    closed,
    disputed,
    fails,
    granted,
    make_ledger,
    make_user,
    prepared,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ledger(settings, tmp_path):
    settings.FILES_DIR = tmp_path
    made = make_ledger()
    fails(made.cameras[0], START + 5 * DAY, START + 8 * DAY)
    return made


def now_facts(ledger):
    contract = Contract.objects.select_related("opd", "terms").get(pk=ledger.contract.pk)
    return facts_of(contract, OCTOBER, NOW)


def test_who_drafted_a_month_does_not_close_it(ledger):
    draft = prepared(ledger)
    with pytest.raises(UserError, match="dua orang"):
        actions.close_month(draft.pk, sha256=draft.sha256, letter_number="", by=ledger.engineer, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Statement.objects.filter(pk=draft.pk).update(state="closed", closed_by=ledger.engineer, closed_at=NOW)
    assert closed(ledger).is_closed


def test_a_closed_month_is_closed_once_and_never_drafted_again(ledger):
    done = closed(ledger)
    with pytest.raises(AlreadyDone):
        actions.close_month(done.pk, sha256=done.sha256, letter_number="", by=ledger.kpa, at=NOW)
    with pytest.raises(AlreadyDone):
        prepared(ledger)


def test_a_draft_made_anew_is_not_closed_unseen(ledger):
    seen = prepared(ledger)
    fails(ledger.cameras[1], START + 10 * DAY, START + 15 * DAY)
    assert prepared(ledger).pk == seen.pk
    with pytest.raises(UserError, match="dibuat ulang"):
        actions.close_month(seen.pk, sha256=seen.sha256, letter_number="", by=ledger.kpa, at=NOW)


def test_the_letter_verifies_and_one_altered_byte_does_not(ledger):
    letter = closed(ledger).letter
    content = content_of(letter.file)
    told = verify_pdf(content, identity().pem)
    assert told.holds and told.sha256 == letter.sha256
    for place in (20, len(content) // 2, len(content) - 40):
        altered = bytearray(content)
        altered[place] ^= 1
        with suppress(NotAPaper):
            assert not verify_pdf(bytes(altered), identity().pem).holds
    assert letter.content_sha256 == Statement.objects.get().sha256


def test_a_closed_month_comes_to_the_same_figures_when_the_history_is_gone(ledger):
    done = closed(ledger)
    assert queries.check(done, now_facts(ledger)) == queries.Check(True, [])
    StatusChange.objects.all().delete()
    Terms.objects.update(value_rp=1)
    done.refresh_from_db()
    told = queries.check(done, now_facts(ledger))
    assert told.is_same and told.differs_now == ["MB-001"]


def test_altered_facts_or_figures_are_seen(ledger):
    done = closed(ledger)
    for kept, key in ((done.figures, "total_rp"), (done.facts["things"][0], "carried_s")):
        was, kept[key] = kept[key], 12345
        assert not queries.check(done, None).is_same
        kept[key] = was
    assert queries.check(done, None).is_same


def test_facts_come_back_from_the_database_as_they_were_hashed(ledger):
    draft = prepared(ledger)
    facts = json.loads(json.dumps(draft.facts))
    draft.refresh_from_db()
    assert draft.facts == facts and queries.check(draft, None).is_same


def test_a_running_month_and_one_without_terms_are_not_drafted(ledger):
    with pytest.raises(UserError, match="belum berakhir"):
        actions.prepare_month(ledger.contract.pk, of(NOW), by=ledger.engineer, at=NOW)
    with pytest.raises(UserError, match="belum tiba"):
        actions.prepare_month(ledger.contract.pk, of(NOW).after, by=ledger.engineer, at=NOW)
    Terms.objects.all().delete()
    with pytest.raises(UserError, match="syarat") as caught:
        prepared(ledger)
    assert caught.value.code == "tanpa_syarat" and not Statement.objects.exists()


def test_another_opds_contract_is_missing(ledger):
    dishub = Opd.objects.create(code="dishub", name="x", short_name="x", kind="dinas", valid_from="2020-01-01")
    stranger = make_user("engineer", dishub, "orang-lain")
    with pytest.raises(Missing):
        prepared(ledger, by=stranger)
    draft = prepared(ledger)
    with pytest.raises(Missing):
        actions.close_month(draft.pk, sha256=draft.sha256, letter_number="", by=stranger, at=NOW)


def test_a_dispute_is_recorded_once(ledger):
    done = closed(ledger)
    disputed(ledger, done)
    with pytest.raises(AlreadyDone):
        disputed(ledger, done)
    disputed(ledger, done, None)
    with pytest.raises(AlreadyDone):
        disputed(ledger, done, None)
    with pytest.raises(UserError, match="tidak ada"):
        disputed(ledger, done, 7)


def test_a_draft_and_a_letter_of_tomorrow_are_not_disputed(ledger):
    with pytest.raises(UserError, match="Rancangan"):
        disputed(ledger, prepared(ledger))
    with pytest.raises(UserError, match="belum tiba"):
        disputed(ledger, closed(ledger), claimed_on=(NOW + 9 * DAY).date())


def test_who_answers_a_dispute_does_not_decide_it(ledger):
    dispute = disputed(ledger, closed(ledger))
    with pytest.raises(UserError, match="belum dijawab"):
        actions.decide_dispute(dispute.pk, decision="granted", reason="x", by=ledger.kpa, at=NOW)
    actions.answer_dispute(dispute.pk, answer="Tidak benar", by=ledger.engineer, at=NOW)
    with pytest.raises(UserError, match="dua orang"):
        actions.decide_dispute(dispute.pk, decision="refused", reason="x", by=ledger.engineer, at=NOW)
    actions.decide_dispute(dispute.pk, decision="refused", reason="Tidak terbukti", by=ledger.kpa, at=NOW)
    with pytest.raises(AlreadyDone):
        actions.decide_dispute(dispute.pk, decision="granted", reason="x", by=ledger.kpa, at=NOW)
    with pytest.raises(AlreadyDone):
        actions.answer_dispute(dispute.pk, answer="Lagi", by=ledger.engineer, at=NOW)


def test_a_granted_dispute_leads_to_a_new_version_and_the_old_stays(ledger):
    first = closed(ledger)
    granted(ledger, disputed(ledger, first))
    StatusChange.objects.all().delete()  # what monitoring still knows plays no part
    draft = actions.correct_month(first.pk, reason="Keberatan diterima", by=ledger.engineer, at=NOW)
    assert (draft.version, draft.total_rp, draft.figures["excused_s"]) == (2, 0, 3 * 86400)
    second = actions.close_month(draft.pk, sha256=draft.sha256, letter_number="2/UJI", by=ledger.kpa, at=NOW)
    first.refresh_from_db()
    first.letter.refresh_from_db()
    assert first.total_rp == 730_000 and queries.check(first, None).is_same
    assert first.letter.withdrawn_at == NOW and first.letter.replaced_by == second.letter
    with pytest.raises(UserError, match="versi terakhir"):
        actions.correct_month(first.pk, reason="Lagi", by=ledger.engineer, at=NOW)


def test_a_correction_takes_the_terms_as_they_are_written_now(ledger):
    first = closed(ledger)
    actions.set_terms(ledger.contract.pk, value_rp=730_000_000, monthly_rp=None, degraded_counts=True,
                      excuses_outside=True, source="Adendum", by=ledger.engineer, at=NOW)  # fmt: skip
    draft = actions.correct_month(first.pk, reason="Nilai kontrak salah ketik", by=ledger.engineer, at=NOW)
    assert draft.total_rp == 2 * 730_000 and first.total_rp == 730_000


def test_impossible_terms_and_overlapping_rules_are_refused(ledger):
    with pytest.raises(UserError, match="tidak mungkin"):
        actions.set_terms(ledger.contract.pk, value_rp=-1, monthly_rp=None, degraded_counts=True,
                          excuses_outside=True, source="x", by=ledger.engineer, at=NOW)  # fmt: skip
    with pytest.raises(UserError, match="Sudah ada"):
        add_rule(ledger)
    for rule in ledger.contract.penalty_rules.all():
        actions.end_rule(rule.pk, valid_to=NOW.date(), by=ledger.engineer, at=NOW)
        with pytest.raises(AlreadyDone):
            actions.end_rule(rule.pk, valid_to=NOW.date(), by=ledger.engineer, at=NOW)
    for wrong in ({"rate": 2}, {"rate": 0}, {"step": 0}, {"cap_rp": -5}, {"base": "fixed"}, {"kind": "x"}):
        with pytest.raises(UserError, match="tidak mungkin"):
            add_rule(ledger, valid_from=(NOW + DAY).date(), **wrong)


def test_a_correction_can_be_drafted_again_until_it_is_closed(ledger):
    first = closed(ledger)
    once = actions.correct_month(first.pk, reason="Salah", by=ledger.engineer, at=NOW)
    granted(ledger, disputed(ledger, first))
    again = actions.correct_month(first.pk, reason="Keberatan diterima", by=ledger.engineer, at=NOW)
    assert once.pk == again.pk and again.total_rp == 0 and again.reason == "Keberatan diterima"


def test_figures_altered_together_with_their_hash_differ_from_the_letter(ledger):
    done = closed(ledger)
    done.facts["things"] = []
    done.figures = figures_of(done.facts)
    done.sha256 = sealed(done.facts, done.figures)
    assert not queries.check(done, None).is_same


def test_what_is_hashed_holds_nothing_json_writers_differ_on(ledger):
    draft = prepared(ledger)
    assert form.storable([draft.facts, draft.figures]) == [draft.facts, draft.figures]
    assert not any(isinstance(one, float) for one in leaves([draft.facts, draft.figures]))


def leaves(value):
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from leaves(one)
    else:
        yield value
