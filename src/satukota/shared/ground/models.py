"""What stands and runs on the city's ground, and where it matters that somebody looks."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class GroundSource(models.Model):
    """One file (or the sample city) that ground came from. A newer one of the same kind takes its place; rows of the
    older are gone, its report stays."""

    class Kind(models.TextChoices):
        OSM = "osm", _("OpenStreetMap")
        BUILDINGS = "buildings", _("Bangunan")
        POLES = "poles", _("Tiang")
        PLACES = "places", _("Tempat kebutuhan")
        OBSTACLES = "obstacles", _("Tembok dan pohon")
        TERRAIN = "terrain", _("Ketinggian tanah")
        SAMPLE = "sample", _("Contoh")

    kind = models.CharField(max_length=10, choices=Kind)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    licence = models.CharField(max_length=120, blank=True)
    attribution = models.CharField(max_length=200, blank=True)  # shown on the map
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    report = models.JSONField(default=dict)  # report.Report.as_json()
    is_sample = models.BooleanField(default=False)
    is_current = models.BooleanField(default=True)

    class Meta:
        ordering = ["-taken_at", "-pk"]
        verbose_name = "sumber lahan"
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=Q(is_current=True), name="ground_one_current_per_kind")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.file_name}"


class Building(models.Model):
    """A footprint with its height. Only rows of current sources are stored."""

    class HeightFrom(models.TextChoices):
        MEASURED = "measured", _("Diukur")
        LEVELS = "levels", _("Dari jumlah lantai")
        ASSUMED = "assumed", _("Diandaikan")

    source = models.ForeignKey(GroundSource, models.CASCADE, related_name="buildings")
    key = models.CharField(max_length=40)  # the source's own number for it: w123 (way), r45 (relation), 17 (row)
    outline = models.BinaryField()  # WKB of a valid Polygon or MultiPolygon, WGS 84, lon lat
    height_m = models.FloatField()
    height_from = models.CharField(max_length=8, choices=HeightFrom)
    use = models.CharField(max_length=40, blank=True)  # OSM building=…: house, school …

    class Meta:
        verbose_name = "bangunan"
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="ground_building_once"),
            models.CheckConstraint(name="ground_building_height", condition=Q(height_m__gt=0, height_m__lte=1000)),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.use}".strip()


class Obstacle(models.Model):
    """A wall or trees: what hides and is no building."""

    class Kind(models.TextChoices):
        WALL = "wall", _("Tembok")
        TREE = "tree", _("Pohon")

    source = models.ForeignKey(GroundSource, models.CASCADE, related_name="obstacles")
    key = models.CharField(max_length=40)
    kind = models.CharField(max_length=4, choices=Kind)
    outline = models.BinaryField()  # WKB, WGS 84, lon lat: a (Multi)Polygon, or of a wall a (Multi)LineString
    height_m = models.FloatField()
    height_from = models.CharField(max_length=8, choices=Building.HeightFrom)

    class Meta:
        verbose_name = "tembok atau pohon"
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="ground_obstacle_once"),
            models.CheckConstraint(name="ground_obstacle_height", condition=Q(height_m__gt=0, height_m__lte=1000)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.key}"


class Terrain(models.Model):
    """Heights of the ground on the city's plane, as a raster brought there."""

    source = models.OneToOneField(GroundSource, models.CASCADE, related_name="terrain")
    epsg = models.PositiveIntegerField()  # of the plane its metres are on
    west = models.FloatField()  # outer corner of the first cell, metres on the plane
    north = models.FloatField()
    step_m = models.FloatField()
    rows = models.PositiveIntegerField()
    columns = models.PositiveIntegerField()
    content = models.BinaryField()  # zlib of little-endian int16 decimetres row by row; NO_HEIGHT: not known

    class Meta:
        verbose_name = "ketinggian tanah"

    def __str__(self) -> str:
        return f"{self.rows} × {self.columns}, {self.step_m:g} m"


class Street(models.Model):
    """One stretch of a street."""

    source = models.ForeignKey(GroundSource, models.CASCADE, related_name="streets")
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=160, blank=True)
    kind = models.CharField(max_length=30)  # OSM highway=…: primary, residential, footway …
    line = models.BinaryField()  # WKB of a LineString, WGS 84, lon lat

    class Meta:
        verbose_name = "jalan"
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="ground_street_once")]

    def __str__(self) -> str:
        return self.name or self.key


class Structure(models.Model):
    """Something a camera can be fixed to, or a spot where streets meet."""

    class Kind(models.TextChoices):
        POLE = "pole", _("Tiang")
        LAMP = "lamp", _("Tiang lampu")
        SIGNAL = "signal", _("Tiang lampu lalu lintas")
        MAST = "mast", _("Menara")
        JUNCTION = "junction", _("Persimpangan")

    source = models.ForeignKey(GroundSource, models.CASCADE, related_name="structures")
    kind = models.CharField(max_length=10, choices=Kind)
    code = models.CharField(max_length=40)
    owner = models.CharField(max_length=80, blank=True)  # as the file says: PLN, Dishub …
    has_power = models.BooleanField(null=True)  # None: not known
    has_link = models.BooleanField(null=True)
    height_m = models.FloatField(null=True)
    lon = models.FloatField()
    lat = models.FloatField()

    class Meta:
        verbose_name = "tiang atau persimpangan"
        constraints = [models.UniqueConstraint(fields=["source", "code"], name="ground_structure_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.code}"


class DemandKind(models.Model):
    """Why a spot should be seen, how sharply, and how much it weighs: from a day on. An edit adds a row."""

    class Basis(models.TextChoices):
        STREET = "street", _("Sepanjang jalan")
        PEOPLE = "people", _("Sepanjang jalan, menurut penduduk")
        JUNCTION = "junction", _("Persimpangan")
        PLACE = "place", _("Tempat")

    code = models.SlugField(max_length=30)
    name = models.CharField(max_length=80)
    basis = models.CharField(max_length=8, choices=Basis)
    classes = models.JSONField(default=list, blank=True)  # STREET, PEOPLE: Street.kind; PLACE: city.Place.kind
    purpose = models.CharField(max_length=10)  # key of rules.coverage PURPOSES
    weight = models.FloatField(validators=[MinValueValidator(0.0), MaxValueValidator(10_000.0)])  # of one point
    source = models.CharField(max_length=200)  # who decided it, or where the figure is from
    valid_from = models.DateField()

    class Meta:
        ordering = ["code", "-valid_from"]
        verbose_name = "jenis kebutuhan"
        constraints = [
            models.UniqueConstraint(fields=["code", "valid_from"], name="ground_demand_kind_a_day"),
            models.CheckConstraint(name="ground_demand_weight", condition=Q(weight__gte=0, weight__lte=10_000)),
        ]

    def __str__(self) -> str:
        return self.name


class DemandPlace(models.Model):
    """A spot from a file: an amenity of OSM, or a place of crashes, littering, crime reports, floods, crowds."""

    source = models.ForeignKey(GroundSource, models.CASCADE, related_name="places")
    key = models.CharField(max_length=40)
    kind = models.CharField(max_length=30)  # DemandKind.code
    name = models.CharField(max_length=160, blank=True)
    times = models.FloatField(default=1.0)  # multiplies the weight of its kind: 3 crashes count three times
    lon = models.FloatField()
    lat = models.FloatField()

    class Meta:
        ordering = ["kind", "name", "pk"]
        verbose_name = "tempat kebutuhan"
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="ground_place_once"),
            models.CheckConstraint(name="ground_place_times", condition=Q(times__gt=0, times__lte=10_000)),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.kind} {self.key}"


class Population(models.Model):
    """People living in a kelurahan, or in one of its RT, on a day, by a source: it spreads the weight of streets over
    the city. A kelurahan's count is of all of it, also of the RT that were counted by themselves."""

    kelurahan = models.ForeignKey("city.Kelurahan", models.CASCADE, related_name="populations")
    rt = models.ForeignKey("city.Rt", models.CASCADE, null=True, related_name="populations")  # null: all of it
    people = models.PositiveIntegerField()
    counted_on = models.DateField()
    source = models.CharField(max_length=200)
    is_sample = models.BooleanField(default=False)

    class Meta:
        ordering = ["kelurahan__code", "-counted_on"]
        verbose_name = "penduduk"
        constraints = [
            models.UniqueConstraint(
                fields=["kelurahan", "counted_on"], condition=Q(rt=None), name="ground_population_a_day"
            ),
            models.UniqueConstraint(
                fields=["rt", "counted_on"], condition=Q(rt__isnull=False), name="ground_population_rt_a_day"
            ),
            models.CheckConstraint(name="ground_population_some", condition=Q(people__lte=50_000_000)),
        ]

    def __str__(self) -> str:
        return f"{self.kelurahan}: {self.people}"


class GroundUpload(models.Model):
    """A file of ground on its way in through the pages: checked, looked at by a person, then taken whole or not."""

    class State(models.TextChoices):
        CHECKING = "checking", _("Sedang diperiksa")
        PREVIEW = "preview", _("Menunggu persetujuan")
        STORING = "storing", _("Sedang dimasukkan")
        DONE = "done", _("Dimasukkan")
        CANCELLED = "cancelled", _("Dibatalkan")
        FAILED = "failed", _("Gagal")

    kind = models.CharField(max_length=10, choices=GroundSource.Kind)
    file_name = models.CharField(max_length=200)
    licence = models.CharField(max_length=120, blank=True)
    attribution = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.CHECKING)
    report = models.JSONField(default=dict)  # of the check
    problem = models.CharField(max_length=400, blank=True)
    source = models.ForeignKey(GroundSource, models.PROTECT, null=True, related_name="+")  # what it became
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name = "unggahan lahan"

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.file_name}"
