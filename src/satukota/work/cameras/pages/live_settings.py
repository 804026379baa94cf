"""Where live view finds a camera's streams, whether looking asks for a purpose, and how long it is remembered."""

from django import forms
from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from satukota.base import clock
from satukota.city.gates import needs

from .. import queries
from ..forms import checked_address
from ..live import sources
from ..models import Camera

LONGEST_MINUTES = 60


class LiveSettingsForm(forms.Form):
    main_address = forms.CharField(
        required=False, max_length=300, label=gettext_lazy("Alamat gambar besar (RTSP)"),
        help_text=gettext_lazy("Kosong: alamat yang diperiksa."),
    )  # fmt: skip
    sub_address = forms.CharField(
        required=False, max_length=300, label=gettext_lazy("Alamat gambar kecil (RTSP)"),
        help_text=gettext_lazy("Untuk dinding video. Kosong: gambar besar."),
    )  # fmt: skip
    is_protected = forms.BooleanField(required=False, label=gettext_lazy("Membuka gambarnya perlu menyebut keperluan"))
    buffer_minutes = forms.IntegerField(
        min_value=0, max_value=LONGEST_MINUTES, label=gettext_lazy("Menit terakhir yang disimpan"),
        help_text=gettext_lazy("Agar awal kejadian dapat menjadi bukti; yang lebih lama terhapus sendiri. 0: tidak."),
    )  # fmt: skip

    def clean_main_address(self) -> str:
        return checked_address(self.cleaned_data["main_address"], ("rtsp", "rtsps"))

    def clean_sub_address(self) -> str:
        return checked_address(self.cleaned_data["sub_address"], ("rtsp", "rtsps"))


@require_http_methods(["GET", "POST"])
@needs("cameras.edit", find=queries.camera_for, by="code")
def live_settings(request: HttpRequest, camera: Camera) -> HttpResponse:
    code = camera.target.code
    form = LiveSettingsForm(request.POST or None, initial=sources.settings_of(camera))
    if form.is_valid():
        changed = sources.change_settings(camera, form.cleaned_data, by=request.user, at=clock.now())
        notices.success(request, _("Perubahan disimpan.") if changed else _("Tidak ada yang berubah."))
        return redirect("cameras:camera", code)
    told = {
        "camera": camera, "target": camera.target, "form": form,
        "crumbs": [(_("Kamera"), reverse("cameras:list")), (code, reverse("cameras:camera", args=[code]))],
    }  # fmt: skip
    return render(request, "cameras/live_settings.html", told, status=422 if form.errors else 200)
