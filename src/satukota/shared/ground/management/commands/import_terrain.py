from ...commands import ImportCommand


class Command(ImportCommand):
    kind = "terrain"
    words = "GeoTIFF, grid ASCII"
