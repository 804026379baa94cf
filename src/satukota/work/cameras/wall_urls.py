from django.urls import URLPattern, path

from .pages import video_wall

app_name = "video_wall"
urlpatterns: list[URLPattern] = [
    path("", video_wall.wall, name="wall"),
    path("kamera", video_wall.tiles, name="tiles"),
    path("dekat/<str:number>", video_wall.near_incident, name="near"),
    path("dekat/<str:number>/kotak", video_wall.near_boxes, name="near_boxes"),
    path("simpan", video_wall.save, name="save"),
    path("hapus", video_wall.remove, name="remove"),
]
