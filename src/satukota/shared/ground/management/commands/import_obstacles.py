from ...commands import ImportCommand


class Command(ImportCommand):
    kind = "obstacles"
