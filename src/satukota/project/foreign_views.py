"""Who may open the views that others wrote: beginning of their module → rule. Ours wear theirs (`city.gates`)."""

from satukota.city.gates import Rule

FOREIGN_VIEWS = {
    "allauth.": Rule(is_public=True, why="sign-in, and the person's own account; allauth asks who it is"),
    "django.views.i18n.": Rule(is_public=True, why="the language of the visitor's own session"),
    "django.views.generic.base.RedirectView": Rule(is_public=True, why="leads to another address, which has its rule"),
    "ninja.openapi.": Rule(is_public=True, why="the description of the API; it is in the source as well"),
}
