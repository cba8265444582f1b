"""Receipts and screenshots that the demo draws itself, and the two files beside the photos.

All of it is synthetic: shops, people and numbers are made up. Several carry the date of a planted
story, to see that they stay out of it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from albumen.local.sample.planted import PlantedFile
from albumen.local.sample.story import PLACES, anniversary, city_start, trip_start

_LICENCE = "Apache-2.0"
_SCREEN = (1080, 2340)
_PHONE = ("Google", "Pixel 8")

# Pillow's built-in font, the only one that is the same everywhere, has no accents: nor have these words.
_BASKETS: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = (
    ("PANADERIA ARALAR", (("Pan de pueblo", 2.90), ("Napolitana x2", 3.40), ("Cortado", 1.80))),
    ("MESON LA CUMBRE", (("Cocido lebaniego", 18.50), ("Queso picante", 9.20), ("Agua 1 l", 2.40), ("Cortado", 1.60))),
    ("BAR EL ARENAL", (("Pintxo tortilla", 2.80), ("Pintxo gilda x3", 7.50), ("Txakoli x2", 6.00))),
    ("FERRETERIA URUMEA", (("Taco 8 mm x20", 3.15), ("Tornillo 5x50", 2.60), ("Broca widia 8", 6.95))),
    ("LIBROS ZURRIOLA", (("Mapa 1:25000", 12.00), ("Cuaderno A5", 4.50), ("Lapicero 2B x4", 3.80))),
)

_CHATS = (
    (
        "Ane",
        ("Este finde salimos, no?", "Vale, a las nueve", "Llevo la cuerda y los cascos", "Yo el desayuno", "Genial"),
    ),
    ("Familia", ("Feliz cumple, amona", "Gracias a todos", "A que hora comemos?", "A las dos y media")),
    ("Mikel", ("Tienes las fotos del finde?", "Te las paso luego", "Vale, sin prisa", "Son unas doscientas")),
)

_LISTS = (
    (
        "Ajustes",
        ("Redes e Internet", "Dispositivos", "Aplicaciones", "Notificaciones", "Pantalla", "Sonido", "Privacidad"),
    ),
    (
        "Lista de la compra",
        ("Tomates", "Aceite de oliva", "Huevos", "Arroz", "Manzanas", "Papel de cocina", "Pilas AA"),
    ),
    ("El tiempo", ("Hoy 19 lluvia", "Jueves 21 nubes", "Viernes 24 sol", "Domingo 18 lluvia", "Lunes 20 nubes")),
)


def drawn_files(as_of: date) -> list[PlantedFile]:
    """Receipts, screenshots, a sidecar and a note.

    Parameters
    ----------
    as_of : date
        The day the library is looked at.

    Returns
    -------
    list of PlantedFile
        The same bytes for the same day.
    """
    return [*_photographed_receipts(as_of), *_scanned_receipts(as_of), *_screenshots(as_of), _sidecar(), _note()]


def _photographed_receipts(as_of: date) -> list[PlantedFile]:
    moments = (
        (datetime.combine(anniversary(as_of, 1), time(14, 10)), "home"),
        (datetime.combine(trip_start(as_of) + timedelta(days=1), time(15, 5)), "Potes"),
        (datetime.combine(city_start(as_of), time(22, 40)), "Bilbao"),
    )
    files = []
    for number, (taken, place) in enumerate(moments):
        picture = _on_table(_receipt(*_BASKETS[number], taken), number)
        files.append(
            PlantedFile(
                f"{taken:%Y}/{taken:%Y-%m}/IMG_{taken:%Y%m%d_%H%M%S}.jpg",
                _packed(picture, "JPEG", quality=88),
                "never_in_story",
                "drawn",
                _LICENCE,
                "done",
                "a synthetic receipt, photographed, on the day of a story; camera assigned",
                taken=taken,
                taken_is="assigned",
                gps=PLACES[place],
                gps_is="assigned",
                camera=_PHONE,
                offset=True,
                tagged=True,
            )
        )
    return files


def _scanned_receipts(as_of: date) -> list[PlantedFile]:
    files = []
    for number, days in enumerate((333, 702), start=3):
        printed = datetime.combine(as_of - timedelta(days=days), time(18, 22))
        files.append(
            PlantedFile(
                f"Scans/Recibos/escaneado {printed:%Y-%m-%d} (nº {number}).png",
                _packed(_receipt(*_BASKETS[number], printed), "PNG"),
                "never_in_story",
                "drawn",
                _LICENCE,
                "done",
                "a synthetic receipt, scanned; date in the file name only",
            )
        )
    return files


def _screenshots(as_of: date) -> list[PlantedFile]:
    moments = [
        datetime.combine(anniversary(as_of, 2), time(11, 31, 5)),
        datetime.combine(trip_start(as_of) + timedelta(days=2), time(8, 15, 40)),
        *(datetime.combine(as_of - timedelta(days=days), time(21, 4, 12)) for days in (33, 290, 555, 1400)),
    ]
    screens = [_chat(*chat) for chat in _CHATS] + [_list(*entries) for entries in _LISTS]
    return [
        PlantedFile(
            f"Screenshots/Screenshot_{moment:%Y%m%d-%H%M%S}.png",
            _packed(screen, "PNG"),
            "never_in_story",
            "drawn",
            _LICENCE,
            "done",
            "a synthetic screenshot; date in the file name only",
        )
        for moment, screen in zip(moments, screens, strict=True)
    ]


def _sidecar() -> PlantedFile:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        ' <rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" exif:DateTimeOriginal="2009-09-09T20:27:09" xmp:Rating="4"/>\n'
        "</rdf:RDF></x:xmpmeta>\n"
    )
    return PlantedFile(
        "Scans/Retratos/2009 discurso.png.xmp",
        packet.encode(),
        "sidecar",
        "drawn",
        _LICENCE,
        "skipped",
        "XMP sidecar: the date of the PNG beside it",
    )


def _note() -> PlantedFile:
    text = "Escáner a 300 ppp. Los retratos son copias de prensa; faltan los de 2011.\n"
    return PlantedFile(
        "Scans/Retratos/léeme.txt", text.encode(), "text", "drawn", _LICENCE, "skipped", "a plain text file"
    )


def _receipt(shop: str, basket: Sequence[tuple[str, float]], printed: datetime) -> Image.Image:
    """Black print on white paper, 700 pixels wide."""
    height = 620 + 62 * len(basket)
    paper = Image.new("RGB", (700, height), (250, 249, 245))
    pen = ImageDraw.Draw(paper)
    ink = (38, 38, 42)
    pen.text((350, 60), shop, font=ImageFont.load_default(46), fill=ink, anchor="mm")
    pen.text((350, 118), "FACTURA SIMPLIFICADA", font=ImageFont.load_default(28), fill=ink, anchor="mm")
    pen.text((50, 165), f"{printed:%d/%m/%Y  %H:%M}", font=ImageFont.load_default(30), fill=ink)
    row = 230
    total = sum(price for _, price in basket)
    vat = total - total / 1.1
    rule = "-" * 52
    lines = [*((name, f"{price:.2f}") for name, price in basket), (rule, ""), ("IVA 10 %", f"{vat:.2f}")]
    for left, right in [*lines, ("TOTAL EUR", f"{total:.2f}"), (rule, "")]:
        font = ImageFont.load_default(44 if left.startswith("TOTAL") else 32)
        pen.text((50, row), left, font=font, fill=ink)
        pen.text((650, row), right, font=font, fill=ink, anchor="ra")
        row += 62
    pen.text((350, row + 20), "Gracias por su visita", font=ImageFont.load_default(30), fill=ink, anchor="mm")
    return paper


def _on_table(paper: Image.Image, seed: int) -> Image.Image:
    """The paper on a wooden table, a little turned, with the noise and the shade of a phone's camera."""
    random = np.random.default_rng(seed)
    height, width = 1440, 1080
    grain = np.cumsum(random.normal(0, 1.1, width))
    table = np.array([132.0, 92.0, 60.0]) + (grain - grain.mean())[None, :, None] * np.ones((height, 1, 1))
    picture = Image.fromarray(np.clip(table, 0, 255).astype(np.uint8))
    angle = float(random.uniform(-7, 7))
    mask = Image.new("L", paper.size, 255).rotate(angle, Image.Resampling.BICUBIC, expand=True)
    turned = paper.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    picture.paste(turned, ((width - turned.width) // 2, (height - turned.height) // 2), mask)
    shade = np.linspace(1.04, 0.78, width)[None, :, None] * np.linspace(1.0, 0.9, height)[:, None, None]
    pixels = np.asarray(picture, dtype=np.float32) * shade + 3 * random.standard_normal((height, width, 3), np.float32)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _screen(title: str, background: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    screen = Image.new("RGB", _SCREEN, background)
    pen = ImageDraw.Draw(screen)
    pen.text((60, 38), "21:04", font=ImageFont.load_default(40), fill="black")
    pen.rounded_rectangle((940, 44, 1020, 82), 8, outline="black", width=4)
    pen.rectangle((946, 50, 996, 76), fill="black")
    pen.text((60, 150), title, font=ImageFont.load_default(64), fill="black")
    pen.line((0, 250, _SCREEN[0], 250), fill="#c8c8cc", width=3)
    pen.rounded_rectangle((370, 2290, 710, 2302), 6, fill="black")
    return screen, pen


def _chat(title: str, messages: Sequence[str]) -> Image.Image:
    screen, pen = _screen(title, "#efeae2")
    font = ImageFont.load_default(44)
    for number, message in enumerate(messages):
        top = 330 + number * 190
        width = int(pen.textlength(message, font=font)) + 80
        left = 50 if number % 2 == 0 else _SCREEN[0] - 50 - width
        pen.rounded_rectangle((left, top, left + width, top + 120), 34, fill="white" if number % 2 == 0 else "#d3f5c4")
        pen.text((left + 40, top + 32), message, font=font, fill="black")
    pen.rounded_rectangle((40, 2140, 1040, 2250), 55, fill="white")
    pen.text((90, 2168), "Mensaje", font=font, fill="#8a8a8e")
    return screen


def _list(title: str, entries: Sequence[str]) -> Image.Image:
    screen, pen = _screen(title, "white")
    font = ImageFont.load_default(48)
    for number, entry in enumerate(entries):
        top = 300 + number * 170
        pen.ellipse((60, top + 20, 150, top + 110), fill=f"hsl({number * 47 % 360}, 55%, 62%)")
        pen.text((200, top + 38), entry, font=font, fill="#1c1c1e")
        pen.line((200, top + 160, _SCREEN[0], top + 160), fill="#e2e2e6", width=2)
    return screen


def _packed(picture: Image.Image, form: str, **options: int) -> bytes:
    packed = io.BytesIO()
    picture.save(packed, form, **options)
    return packed.getvalue()
