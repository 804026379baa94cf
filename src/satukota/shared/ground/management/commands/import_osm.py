from ...commands import ImportCommand


class Command(ImportCommand):
    kind = "osm"
    words = "OSM .pbf"
