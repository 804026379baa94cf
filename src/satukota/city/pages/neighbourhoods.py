"""The register of RT: its list, the table it is brought with, and each row."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from satukota.base.exports import Column

from .. import actions, forms
from ..gates import needs
from ..models import Kecamatan, Rt
from ..words import LABELS
from .editing import both, fill
from .listing import Filter, Listing
from .registers import column_filter, kelurahan_options

RTS = Listing(
    key="rt",
    label=_("RT"),
    title=lambda n: ngettext("%(n)d RT dalam register", "%(n)d RT dalam register", n) % {"n": n},
    rows=lambda: Rt.objects.select_related("kelurahan__kecamatan", "head"),
    search=("number", "kelurahan__name", "head__name"),
    sorts={"kelurahan": (LABELS["kelurahan"], ("kelurahan__code", "rw", "number"))},
    filters=(
        column_filter("kelurahan", "kelurahan__code", kelurahan_options),
        Filter("kecamatan", LABELS["kecamatan"], lambda: list(Kecamatan.objects.values_list("code", "name")),
               lambda rows, value: rows.filter(kelurahan__kecamatan__code=value)),
        Filter("ketua", LABELS["head"], lambda: [("ada", _("Diketahui")), ("belum", _("Belum diketahui"))],
               lambda rows, value: rows.filter(Q(head=None) if value == "belum" else ~Q(head=None))),
    ),
    columns=(
        Column("kelurahan", _("Kode kelurahan"), "kelurahan.code"), Column("rw", LABELS["rw"], "rw"),
        Column("rt", LABELS["rt"], "number"), Column("nama_kelurahan", LABELS["kelurahan"], "kelurahan.name"),
        Column("kecamatan", LABELS["kecamatan"], "kelurahan.kecamatan.name"),
        Column("ketua", LABELS["head"], "head.name"), Column("bujur", LABELS["lon"], "lon"),
        Column("lintang", LABELS["lat"], "lat"), Column("sumber", LABELS["source"], "source"),
        Column("contoh", _("Contoh"), "is_sample"),
    ),
    has_position=True,
    add="city:import_rt",
)  # fmt: skip


@both
@needs("registers.edit")
def import_rt(request: HttpRequest) -> HttpResponse:
    def bring(**values: Any) -> actions.Imported:
        done = actions.import_rts(values.pop("file").read(), **values)
        said = __("%(added)d RT ditambahkan, %(known)d sudah tercatat.")
        messages.info(request, said % {"added": done.added, "known": done.known})
        return done

    back = reverse("city:list", args=[RTS.key])
    return fill(request, forms.RtImport, bring, title=__("Impor daftar RT"), of=RTS, back=back)


@both
@needs("registers.edit", find=actions.rt_to_edit, by="pk")
def edit_rt(request: HttpRequest, row: Rt) -> HttpResponse:
    back = f"{reverse('city:list', args=[RTS.key])}?kelurahan={row.kelurahan.code}"
    now = {name: getattr(row, name) for name in ("head_id", "lon", "lat", "source")}
    title = __("Ubah %(rt)s %(kelurahan)s") % {"rt": row, "kelurahan": row.kelurahan}
    return fill(request, forms.RtEdit, partial(actions.edit_rt, row.pk), title=title, of=RTS, back=back, initial=now)
