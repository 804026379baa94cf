from django.urls import URLPattern

app_name = "camera_plans"
urlpatterns: list[URLPattern] = []
