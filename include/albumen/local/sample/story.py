"""The planted timeline of the sample library, as data: who was where, when, with which picture.

Everything is counted back from `as_of`, so that the library has an on-this-day story on any day.
A row names its pictures in order of preference and takes the first that is at hand and unused; a
row with none is left out. So the library is complete without the optional package, and richer with it.
"""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

HOME_ZONE = ZoneInfo("Europe/Madrid")

PLACES = {
    "home": (43.3200, -1.9800),
    "old town": (43.3236, -1.9846),
    "beach": (43.3247, -1.9700),
    "Fuente Dé": (43.1440, -4.8120),
    "Áliva": (43.1720, -4.7800),
    "Potes": (43.1537, -4.6236),
    "cabin": (43.1372, -4.7905),
    "Bilbao": (43.2630, -2.9350),
    "Abando": (43.2615, -2.9270),
}

# years before, local time, pictures, place
ON_THIS_DAY: tuple[tuple[int, str, tuple[str, ...], str], ...] = (
    (1, "10:05", ("football",), "beach"),
    (1, "11:40", ("orange_flowers",), "old town"),
    (1, "13:15", ("garden_pots",), "home"),
    (1, "16:30", ("plant_bed",), "home"),
    (1, "19:05", ("bedroom",), "home"),
    (2, "09:20", ("sunny_sofa",), "home"),
    (2, "10:45", ("shelf_leaves",), "home"),
    (2, "12:30", ("two_chairs",), "home"),
    (2, "17:10", ("monstera_plate",), "home"),
    (2, "20:40", ("string_lights",), "home"),
    (4, "08:50", ("sofa_breakfast",), "home"),
    (4, "11:25", ("cream_chair",), "home"),
    (4, "13:50", ("sideboard",), "home"),
    (4, "16:15", ("photo_wall",), "home"),
    (4, "18:40", ("lamp",), "home"),
)

# day, local time, pictures, place, frames of a burst (1: a single picture)
TRIP_DAYS_BEFORE = 510
TRIP: tuple[tuple[int, str, tuple[str, ...], str | None, int], ...] = (
    (0, "12:40:11", ("table_vase",), "cabin", 1),
    (0, "17:10:32", ("white_dining",), "cabin", 1),
    (0, "17:45:03", ("tiled_chair",), "cabin", 1),
    (0, "19:20:47", ("red_windows",), "Potes", 1),
    (0, "20:31:20", ("dandelions",), "Áliva", 1),
    (1, "07:02:15", ("sunrise",), "Áliva", 1),
    (1, "09:15:40", ("clearing",), "Fuente Dé", 1),
    (1, "10:30:09", ("stream",), "Fuente Dé", 1),
    (1, "11:48:10", ("picos", "snow_peak"), "Fuente Dé", 5),
    (1, "12:20:51", ("icefall",), "Fuente Dé", 1),
    (1, "13:05:27", ("snow_peak",), "Áliva", 1),
    (1, "14:10:44", ("gear",), "Áliva", 1),
    (1, "14:11:30", ("gear_blurred",), None, 1),
    (1, "17:32:08", ("clip_bikes",), "Potes", 1),
    (2, "10:20:18", ("aizkorri",), "Áliva", 1),
    (2, "11:00:37", ("dragonfly",), None, 1),
    (2, "12:30:55", ("white_arch",), "Potes", 1),
    (2, "13:10:05", ("pink_cafe",), "Potes", 5),
    (2, "18:41:26", ("guitar",), "cabin", 1),
    (2, "21:14:02", ("observatory",), "Áliva", 1),
    (3, "09:30:49", ("two_dogs",), "Potes", 1),
    (3, "10:15:33", ("stool",), "cabin", 1),
    (3, "11:02:14", ("linen_sofa",), None, 1),
)
MESSENGER = (("red_windows", 3), ("white_arch", 7), ("string_lights", 2), ("cream_chair", 1))
DUPLICATE = "table_vase"

CITY_DAYS_BEFORE = 860
CITY: tuple[tuple[int, str, tuple[str, ...], str], ...] = (
    (0, "10:35", ("cafe_sign",), "Bilbao"),
    (0, "11:50", ("bridge",), "Bilbao"),
    (0, "13:20", ("fig",), "Bilbao"),
    (0, "16:05", ("white_chair",), "Abando"),
    (0, "18:30", ("dry_flowers",), "Abando"),
    (0, "21:10", ("neon_cafe",), "Bilbao"),
    (0, "23:40", ("black_bedroom",), "Abando"),
    (1, "09:45", ("hut_terrace",), "Abando"),
    (1, "11:15", ("brushes",), "Bilbao"),
    (1, "12:25", ("clock",), "Bilbao"),
    (1, "13:05", ("bird",), "Bilbao"),
    (1, "17:20", ("dark_corner",), "Abando"),
)

# days before, local time, picture, place, role, frames. No day is near an anniversary of `as_of`.
HOME: tuple[tuple[int, str, str, str | None, str, int], ...] = (
    (41, "18:20:10", "kitchen_chair", "home", "home", 1),
    (97, "12:05:44", "chairs_cups", "home", "home", 1),
    (188, "10:30:21", "sideboard_low", "home", "home", 1),
    (310, "17:45:39", "pug_walk", "beach", "pet", 1),
    (425, "09:12:02", "bed_corner", None, "home", 1),
    (640, "19:08:14", "pug_face", "home", "pet", 1),
    (780, "11:20:08", "monstera_close", "home", "home", 1),
    (780, "11:24:51", "monstera_book", "home", "home", 1),
    (900, "20:33:08", "pug_side", "home", "pet", 1),
    (1040, "08:55:30", "kitchen_leaf", "home", "home", 1),
    (1040, "08:57:12", "kitchen_leaf_wide", "home", "home", 1),
    (1335, "16:02:17", "white_niche", "home", "home", 1),
    (1530, "21:40:05", "wine", "home", "home", 1),
    (1790, "11:09:34", "cat", "home", "pet", 3),
)

# Pictures that keep the date they came with: path, picture, role, note.
OWN_DATES = (
    ("Scans/Retratos/2009 discurso.jpg", "man_2009", "person", "EXIF date is malformed, XMP has it right"),
    ("Scans/Retratos/2010 salón azul.jpg", "man_2010", "person", ""),
    ("Scans/Retratos/2012 oficial.jpg", "man_2012", "person", ""),
    ("Scans/Retratos/2010 otro señor.jpg", "other_man", "person", "another man, same second as the 2010 portrait"),
    ("Descargas/mapa de papel.heic", "paper_map", "never_in_story", "a paper map"),
    ("Descargas/Flecha ⬆.heic", "arrow", "never_in_story", "an arrow drawn on lined paper"),
    ("Descargas/papel cuadriculado.heic", "graph_paper", "never_in_story", "a pen on graph paper"),
)

PHONES = (("Google", "Pixel 5"), ("Google", "Pixel 8"))
OWN_CAMERA = frozenset({"cat", "pug_side", "garden_pots", "guitar", "clearing", "icefall", "observatory"})
OWN_EXTENSION = {"pug_face": ".jpg"}


def anniversary(as_of: date, years: int) -> date:
    """The same day `years` earlier; 28 February where there is no 29th."""
    try:
        return as_of.replace(year=as_of.year - years)
    except ValueError:
        return as_of.replace(year=as_of.year - years, day=28)


def trip_start(as_of: date) -> date:
    """The Friday the four-day trip starts on."""
    return _weekday_before(as_of - timedelta(days=TRIP_DAYS_BEFORE), 4)


def city_start(as_of: date) -> date:
    """The Saturday the city weekend starts on."""
    return _weekday_before(as_of - timedelta(days=CITY_DAYS_BEFORE), 5)


def _weekday_before(day: date, weekday: int) -> date:
    return day - timedelta(days=(day.weekday() - weekday) % 7)
