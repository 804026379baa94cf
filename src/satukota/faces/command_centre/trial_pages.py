"""Coba kamera: what stands around a spot, what a camera there would change, and turning a registered one that way."""

import json
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.city import access as duties
from satukota.city.gates import needs
from satukota.shared.coverage import access, queries, trial, words
from satukota.shared.coverage.queries import Question
from satukota.shared.coverage.registry import Watcher
from satukota.shared.monitoring.models import Target
from satukota.work.cameras import actions
from satukota.work.cameras.limits import LIMITS, position_problem
from satukota.work.cameras.models import Camera
from satukota.work.cameras.queries import camera_for
from satukota.work.cameras.watchers import LIGHT_M

MOST_LETTERS = 2000  # of what a person saw before saving
FIELDS = ("lon", "lat", "bearing_deg", "fov_deg", "range_m", "height_m")  # of a camera, that may be saved from here


class TrialForm(forms.Form):
    """A camera on trial. Its limits are the register's."""

    lon = forms.FloatField(label=gettext_lazy("Bujur"))
    lat = forms.FloatField(label=gettext_lazy("Lintang"))
    bearing_deg = forms.FloatField(label=gettext_lazy("Arah"))
    fov_deg = forms.FloatField(label=gettext_lazy("Sudut pandang"))
    range_m = forms.FloatField(label=gettext_lazy("Jangkauan"))
    height_m = forms.FloatField(label=gettext_lazy("Tinggi pasang"))
    width = forms.IntegerField(label=gettext_lazy("Lebar gambar"))

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        for name, limit in LIMITS.items():
            problem = limit.problem(said[name]) if said.get(name) is not None else ""
            if problem:
                self.add_error(name, problem)
        lon, lat = said.get("lon"), said.get("lat")
        if lon is not None and lat is not None and (trouble := position_problem(lon, lat)):
            self.add_error(*trouble)
        return said

    def checked(self) -> dict[str, Any]:
        """The values. Raises UserError that names the first field and what is wrong with it."""
        if self.is_valid():
            return self.cleaned_data
        name, problems = next(iter(self.errors.items()))
        label = f"{self.fields[name].label}: " if name in self.fields else ""
        raise UserError(f"{label}{problems[0]}", fix=_("Perbaiki angkanya, lalu coba lagi."))


class SpotForm(TrialForm):
    """A spot and how far around it."""

    radius = forms.FloatField(label=gettext_lazy("Jarak"), min_value=1, max_value=trial.FARTHEST_M)

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        for name in set(self.fields) - {"lon", "lat", "radius"}:
            del self.fields[name]


class SaveForm(TrialForm):
    """What is changed of a registered camera, and what was seen before; what is not sent stays."""

    was = forms.JSONField()

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        for name in set(self.fields) - {"was", *(set(FIELDS) & set(data))}:
            del self.fields[name]
        for name in set(self.fields) - {"was", "lon", "lat"}:
            self.fields[name].required = False  # to put back what was not registered

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        if ("lon" in self.fields) != ("lat" in self.fields):
            self.add_error(None, _("Lintang dan bujur diisi berdua, atau tidak sama sekali."))
        return said

    def clean_was(self) -> dict[str, Any]:
        was = self.cleaned_data["was"]
        if not isinstance(was, dict) or len(json.dumps(was)) > MOST_LETTERS:
            raise forms.ValidationError(_("Data awal tidak terbaca."))
        return {name: was[name] for name in FIELDS if name in was}


def offered(user: Any) -> dict[str, Any]:
    """What the page needs to offer a trial; nothing for who does not plan."""
    if not duties.may(user, "coverage.plan"):
        return {}
    from satukota.rules.coverage import PURPOSES

    bands = [(name, px, words.SHARPNESS[name]) for name, px in sorted(PURPOSES.items(), key=lambda each: -each[1])]
    return {"trial_bands": bands, "trial_bands_plain": [(name, px) for name, px, _words in bands]}


@require_GET
@needs("coverage.view")
def around(request: HttpRequest) -> HttpResponse:
    """Buildings around a spot in metres, with an ETag: the same until the ground changes."""
    spot = SpotForm(request.GET).checked()
    mark, found = trial.surroundings(spot["lon"], spot["lat"], spot["radius"])
    etag = f'"{mark}"'
    if request.headers.get("If-None-Match") == etag:
        answer = HttpResponse(status=304)
    else:
        body = json.dumps(found.as_json(), separators=(",", ":"))
        answer = HttpResponse(body, content_type="application/json")
    answer["ETag"], answer["Cache-Control"] = etag, "private, max-age=60"
    return answer


@require_GET
@needs("coverage.plan")
def outcome(request: HttpRequest) -> JsonResponse:
    """What a camera there would see and change, in numbers; `kamera` names the registered one it would replace."""
    said = TrialForm(request.GET).checked()
    time, sharpness = request.GET.get("waktu", "now"), request.GET.get("tajam", "")
    question = Question(
        time if time in queries.TIMES else "now", sharpness if sharpness in words.SHARPNESS else "",
    )  # fmt: skip
    code = request.GET.get("kamera", "").replace("\x00", "")[:40]
    visible = Target.objects.filter(pk__in=access.visible_ids(request.user))
    instead_of = visible.filter(code=code).values_list("pk", flat=True).first() if code else None
    one = Watcher(
        target_id=0, code=code, title="", kind="camera", lon=said["lon"], lat=said["lat"], height_m=said["height_m"],
        bearing_deg=said["bearing_deg"], fov_deg=said["fov_deg"], range_m=said["range_m"], width_px=said["width"],
        light_m=_light_m(instead_of),
    )  # fmt: skip
    found = trial.outcome(one, question, instead_of=instead_of)
    return JsonResponse({"measured": found is not None, **(found.as_json() if found else {})})


def _light_m(target_id: int | None) -> float:
    """How far it sees at night: as the register says of the camera it stands for, else as assumed of any. One query."""
    known = Camera.objects.filter(target=target_id).values_list("light_m", flat=True).first() if target_id else None
    return LIGHT_M if known is None else known


@require_GET
@needs("coverage.view", find=camera_for, by="code")
def camera(request: HttpRequest, camera: Camera) -> JsonResponse:
    """A registered camera as a trial begins with it."""
    may_edit = duties.may_on(request.user, "cameras.edit", camera.target) and camera.target.retired_on is None
    told = {"code": camera.target.code, "name": camera.target.name, "width": camera.width, "may_edit": may_edit}
    return JsonResponse(told | _place_of(camera))


def _place_of(camera: Camera) -> dict[str, Any]:
    said = actions.values_of(camera)
    return {name: said[name] for name in FIELDS}


@require_POST
@needs("cameras.edit", find=camera_for, by="code")
def save(request: HttpRequest, camera: Camera) -> JsonResponse:
    """Turn the registered camera; answers what it says now and what it said before, to be put back the same way."""
    said = SaveForm(request.POST).checked()
    if camera.target.retired_on:
        raise UserError(_("Kamera ini sudah dihentikan."), fix=_("Aktifkan kembali kamera ini dahulu."))
    was, before = said.pop("was"), _place_of(camera)
    actions.edit_camera(camera.pk, said, was=was, by=request.user, at=clock.now())
    return JsonResponse({"now": before | said, "before": before})
