"""Evidence on the screen: what is kept, whose hands it went through, hiding, checking, holding, giving out."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib import messages as notices
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as __
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.base.evidence import actions as store
from satukota.base.evidence import exhibits, redaction, releasing
from satukota.base.evidence.models import Exhibit, ExhibitFile, Hold
from satukota.base.exports import Column, table_response
from satukota.base.page_frame.filling import refusals_on
from satukota.city import access
from satukota.city.gates import needs
from satukota.city.models import Opd
from satukota.shared.incidents.queries import incident_for
from satukota.shared.monitoring.models import Reading
from satukota.work.cameras.live import buffer
from satukota.work.cameras.models import Camera
from satukota.work.cameras.queries import camera_for

from . import audit_words, evidence_forms

PAGE_SIZE = 50
Role = ExhibitFile.Role
EXPORTED = [
    Column("number", __("Nomor")), Column("title", __("Judul")), Column("source", __("Sumber")),
    Column("about", __("Perkara")), Column("owner_code", __("OPD")), Column("opened_at", __("Dibuat")),
    Column("keep_until", __("Disimpan sampai")), Column("n_files", __("Berkas")), Column("is_held", __("Ditahan")),
]  # fmt: skip


def visible(user: Any, permission: str) -> QuerySet[Exhibit]:
    """Exhibits of the OPDs the hat reaches; a duty limited to an area reaches none, as exhibits have no area."""
    reach = access.scope(user, permission)
    if not reach or reach.area_ids is not None:
        return Exhibit.objects.none()
    if reach.opd_ids is None:
        return Exhibit.objects.all()
    return Exhibit.objects.filter(owner_code__in=Opd.objects.filter(pk__in=reach.opd_ids).values("code"))


def exhibit_for(user: Any, number: str, permission: str) -> Exhibit:
    """Raises NotAllowed for what is missing or out of reach."""
    found = visible(user, permission).filter(number=number).first()
    if found is None:
        raise access.not_found()
    return found


def _listed(request: HttpRequest) -> tuple[QuerySet[Exhibit], evidence_forms.Search]:
    form = evidence_forms.Search(request.GET)
    held = Hold.objects.filter(exhibit=OuterRef("pk"), lifted_at=None)
    known = visible(request.user, "evidence.view")
    rows = known.annotate(n_files=Count("files"), is_held=Exists(held)).order_by("-number")
    if form.is_valid():
        if q := form.cleaned_data["q"].strip():
            rows = rows.filter(
                Q(number__icontains=q) | Q(title__icontains=q) | Q(source__icontains=q) | Q(about__icontains=q)
            )
        if form.cleaned_data["held"]:
            rows = rows.filter(is_held=True)
    return rows, form


@require_GET
@needs("evidence.view")
def exhibits_page(request: HttpRequest) -> HttpResponse:
    rows, form = _listed(request)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    told = {"page": page, "form": form, "may_keep": access.may(request.user, "evidence.keep")}
    return render(request, "command_centre/evidence/list.html", told)


@require_GET
@needs("evidence.view")
def exhibits_export(request: HttpRequest, fmt: str) -> HttpResponseBase:
    return table_response(request, _("bukti"), EXPORTED, _listed(request)[0], fmt)


@require_http_methods(["GET", "POST"])
@needs("evidence.keep")
def exhibit_open(request: HttpRequest) -> HttpResponse:
    """Keep the newest picture of a camera, and the picture that showed an incident, as evidence."""
    given = request.POST or {"camera": request.GET.get("kamera", ""), "incident": request.GET.get("insiden", "")}
    form = evidence_forms.OpenExhibit(request.POST or None, initial=dict(given.items()))
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            return redirect("command_centre:exhibit", _open(request.user, **form.cleaned_data).number)
    return render(request, "command_centre/evidence/open.html", {"form": form}, status=422 if form.errors else 200)


def _open(
    user: Any, *, camera: str, incident: str, title: str, before_s: int | None, after_s: int | None
) -> Exhibit:  # fmt: skip
    """The camera's newest picture; with seconds also what its buffer holds around the incident, or around now."""
    found = camera_for(user, camera.strip(), "cameras.view")
    about = incident_for(user, incident.strip(), "incidents.view") if incident.strip() else None
    now = clock.now()
    moment = about.opened_at if about else now
    clips = _clips(found, moment, before_s or 0, after_s or 0) if before_s or after_s else []
    content = store.slot_content(f"camera/{found.target.code}/latest")
    if content is None or found.last_seen_at is None:
        raise UserError(_("Kamera ini belum pernah memberi gambar."), fix=_("Tunggu pemeriksaan berikutnya."))
    with transaction.atomic():
        exhibit = exhibits.open_exhibit(
            title=title, source=found.target.code, owner_code=found.target.owner.code,
            about=about.number if about else "", by=user, at=now,
        )  # fmt: skip
        seen_at, offset_ms = found.last_seen_at, _clock_offset_ms(found)
        taken = [(content, "image/jpeg", Role.STILL, seen_at, seen_at, _("gambar terakhir kamera"))]
        taken += [
            (clip.content, "video/mp4", Role.ORIGINAL, moment_of(clip.began), moment_of(clip.ended),
             _("dari menit-menit terakhir yang disimpan")) for clip in clips
        ]  # fmt: skip
        for content, media_type, role, began, ended, note in taken:
            exhibits.add_file(
                exhibit, content, media_type=media_type, role=role, captured_from=began, captured_to=ended,
                clock_offset_ms=offset_ms, by=user, at=now, note=note,
            )  # fmt: skip
    return exhibit


def _clips(camera: Camera, moment: datetime, before_s: int, after_s: int) -> list[buffer.Clip]:
    """Raises UserError when the buffer holds nothing of that time."""
    at = moment.timestamp()
    found = buffer.clips(settings.BUFFER_DIR / str(camera.pk), at - before_s, at + after_s)
    if not found:
        raise UserError(
            _("Tidak ada rekaman kamera ini pada saat itu."),
            fix=_("Kamera ini tidak menyimpan menit terakhirnya, atau sudah terhapus: minta dari perekamnya."),
        )
    return found


def _clock_offset_ms(camera: Camera) -> int | None:
    """As the newest look that measured the camera's clock found it; None when none did. One query."""
    recent = Reading.objects.filter(target=camera.target_id).order_by("-at")[:20].values_list("measures", flat=True)
    known = (measures.get("clock_offset_s") for measures in recent)
    return next((round(1000 * float(offset)) for offset in known if offset is not None), None)


def moment_of(epoch_s: float) -> datetime:
    return datetime.fromtimestamp(epoch_s, UTC)


@require_GET
@needs("evidence.view", find=exhibit_for, by="number")
def exhibit(request: HttpRequest, found: Exhibit) -> HttpResponse:
    return _page(request, found)


def _page(request: HttpRequest, found: Exhibit, problem: UserError | None = None) -> HttpResponse:
    files = list(found.files.select_related("file", "made_from", "added_by", "checked_by"))
    told = {
        "exhibit": found, "files": files, "problem": problem,
        "custody": [(row, audit_words.act_words(f"evidence.{row.act}")) for row in found.custody.all()],
        "holds": found.holds.filter(lifted_at=None), "releases": found.releases.select_related("package", "made_by"),
        "may_keep": exhibit_reach(request.user, "evidence.keep", found),
        "may_release": exhibit_reach(request.user, "evidence.release", found),
        "plates_by_hand": "plate" not in redaction.looks_for(), "me": request.user.pk,
        "crumbs": [(_("Bukti"), "/pusat/bukti/")],
    }  # fmt: skip
    return render(request, "command_centre/evidence/exhibit.html", told, status=problem.status if problem else 200)


def exhibit_reach(user: Any, permission: str, found: Exhibit) -> bool:
    return visible(user, permission).filter(pk=found.pk).exists()


def _done(request: HttpRequest, found: Exhibit, form: Any, act: Callable[[], str]) -> HttpResponse:
    """Do the act of a checked form; what is wrong is said on the page itself, where the form still stands."""
    if not form.is_valid():
        said = next(iter(form.errors.values()))[0]
        return _page(request, found, UserError(_("Isian belum lengkap: %s") % said, fix=_("Periksa lalu kirim lagi.")))
    try:
        notices.success(request, act())
    except UserError as refused:
        return _page(request, found, refused)
    except store.FileGone:
        return _page(request, found, UserError(_("Isi berkas sudah dihapus atau berubah."), fix=_("Lihat catatannya.")))
    return redirect("command_centre:exhibit", found.number)


def _file(found: Exhibit, name: str) -> ExhibitFile:
    row = found.files.filter(name=name).select_related("file", "exhibit").first()
    if row is None:
        raise access.not_found()
    return row


@require_POST
@needs("evidence.view", find=exhibit_for, by="number")
def exhibit_file(request: HttpRequest, found: Exhibit) -> HttpResponse:
    """The bytes themselves, once the purpose is written down."""
    form = evidence_forms.Purpose(request.POST)
    if not form.is_valid():
        return _done(request, found, form, str)
    row = _file(found, form.cleaned_data["name"])
    try:
        content = exhibits.viewed(row, purpose=form.cleaned_data["purpose"], by=request.user, at=clock.now())
    except store.FileGone:
        return _page(request, found, UserError(_("Isi berkas sudah dihapus atau berubah."), fix=_("Lihat catatannya.")))
    answer = HttpResponse(content, content_type=row.file.media_type)
    answer["Content-Disposition"] = f'inline; filename="{row.name}"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
@needs("evidence.keep", find=exhibit_for, by="number")
def exhibit_hide(request: HttpRequest, found: Exhibit) -> HttpResponse:
    form = evidence_forms.Hide(request.POST)

    def act() -> str:
        copy = make_hidden(_file(found, form.cleaned_data["name"]), form.cleaned_data["areas"], request.user)
        return _("Salinan tersamar dibuat: %(n)d bidang. Rekan memeriksanya sebelum diserahkan.") % {
            "n": len(copy.areas)
        }

    return _done(request, found, form, act)


def make_hidden(row: ExhibitFile, by_hand: list[redaction.Area], user: Any) -> ExhibitFile:
    """A redacted copy of a still or a clip; made by the machine unless a person drew areas."""
    if row.role == Role.REDACTED or not row.file.media_type.startswith(("image/", "video/")):
        raise UserError(_("Hanya rekaman asli yang disamarkan."), fix=_("Pilih gambar atau rekaman asli."))
    hide = redaction.redact_clip if row.file.media_type.startswith("video/") else redaction.redact_picture
    content, areas = hide(store.content_of(row.file), by_hand)
    return exhibits.add_file(
        row.exhibit, content, media_type="video/mp4" if hide is redaction.redact_clip else "image/jpeg",
        role=Role.REDACTED, captured_from=row.captured_from, captured_to=row.captured_to,
        clock_offset_ms=row.clock_offset_ms, by=user if by_hand else None, at=clock.now(), made_from=row,
        areas=[area.as_json() for area in areas],
    )  # fmt: skip


@require_POST
@needs("evidence.keep", find=exhibit_for, by="number")
def exhibit_check(request: HttpRequest, found: Exhibit) -> HttpResponse:
    form = evidence_forms.Check(request.POST)

    def act() -> str:
        given = form.cleaned_data
        exhibits.check_redaction(
            _file(found, given["name"]), is_good=given["good"], why=given["why"], by=request.user, at=clock.now()
        )
        return _("Pemeriksaan dicatat.")

    return _done(request, found, form, act)


@require_POST
@needs("evidence.release", find=exhibit_for, by="number")
def exhibit_hold(request: HttpRequest, found: Exhibit) -> HttpResponse:
    form = evidence_forms.HoldForm(request.POST)

    def act() -> str:
        exhibits.hold(found, **form.cleaned_data, by=request.user, at=clock.now())
        return _("Bukti ditahan: tidak ada yang dihapus sampai penahanan diakhiri.")

    return _done(request, found, form, act)


@require_POST
@needs("evidence.release", find=exhibit_for, by="number")
def exhibit_lift(request: HttpRequest, found: Exhibit) -> HttpResponse:
    form = evidence_forms.Lift(request.POST)

    def act() -> str:
        standing = found.holds.filter(pk=form.cleaned_data["hold"]).first()
        if standing is None:
            raise access.not_found()
        exhibits.lift_hold(standing, why=form.cleaned_data["why"], by=request.user, at=clock.now())
        return _("Penahanan diakhiri.")

    return _done(request, found, form, act)


@require_POST
@needs("evidence.release", find=exhibit_for, by="number")
def exhibit_release(request: HttpRequest, found: Exhibit) -> HttpResponse:
    form = evidence_forms.ReleaseForm(request.POST, names=list(found.files.values_list("name", flat=True)))

    def act() -> str:
        given = form.cleaned_data
        releasing.release(found, given["names"], to_whom=given["to_whom"], ground=given["ground"],
                          with_originals=given["originals"], by=request.user, at=clock.now())  # fmt: skip
        return _("Paket dibuat; unduh di bagian Penyerahan.")

    return _done(request, found, form, act)


@require_POST
@needs("evidence.release", find=exhibit_for, by="number")
def exhibit_package(request: HttpRequest, found: Exhibit) -> HttpResponse:
    form = evidence_forms.Package(request.POST)
    row = found.releases.filter(pk=form.cleaned_data["release"]).first() if form.is_valid() else None
    if row is None:
        raise access.not_found()
    try:
        content = store.content_of(row.package)
    except store.FileGone:
        return _page(request, found, UserError(_("Paket sudah dihapus pada tanggalnya."), fix=_("Buat paket baru.")))
    exhibits.write(found, "downloaded", by=request.user, at=clock.now(), to=row.to_whom, sha256=row.package.sha256)
    answer = HttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="{found.number}-{row.pk}.zip"'
    return answer
