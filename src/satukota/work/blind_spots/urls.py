from django.urls import URLPattern

app_name = "blind_spots"
urlpatterns: list[URLPattern] = []
