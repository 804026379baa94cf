"""How many people live where: what is known, and new counts."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from satukota.base import clock
from satukota.base.errors import UserError
from satukota.city.gates import needs

from . import population
from .forms import PeopleForm
from .models import Population

MOST_SHOWN = 400


@require_http_methods(["GET", "POST"])
@needs("ground.import")
def people(request: HttpRequest) -> HttpResponse:
    form = PeopleForm(request.POST or None, initial={"counted_on": clock.local(clock.now()).date()})
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            number = population.store(
                population.read(told["lines"]), counted_on=told["counted_on"], source=told["source"],
                by=request.user, at=clock.now(),
            )  # fmt: skip
        except UserError as problem:
            form.add_error("lines", f"{problem.text} {problem.fix}".strip())
        else:
            said = ngettext("%(n)d jumlah penduduk disimpan.", "%(n)d jumlah penduduk disimpan.", number)
            messages.success(request, said % {"n": number})
            return redirect("ground:people")
    rows = Population.objects.select_related("kelurahan", "rt").order_by("kelurahan__code", "rt", "-counted_on")
    crumbs = [(_("Register"), reverse("city:home")), (_("Lahan"), reverse("ground:home"))]
    context = {"form": form, "rows": rows[:MOST_SHOWN], "crumbs": crumbs}
    return render(request, "ground/people.html", context, status=422 if form.errors else 200)
