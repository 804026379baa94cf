from django.urls import URLPattern

app_name = "command_centre"
urlpatterns: list[URLPattern] = []
