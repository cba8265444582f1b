"""Which text wins, as data: per field an ordered list of readers, the first that gives one counts."""

from __future__ import annotations

from collections.abc import Callable

from albumen.media.metadata import exif as tags
from albumen.media.metadata.bursts import burst_of_name
from albumen.media.metadata.exif import wide_text
from albumen.media.metadata.lenses import lens_range
from albumen.media.metadata.sources import Sources

TextReader = Callable[[Sources], str | None]


def _exif_text(tag: int) -> TextReader:
    return lambda sources: sources.exif.image.text(tag) or sources.exif.photo.text(tag)


def _wide_text(tag: int) -> TextReader:
    return lambda sources: wide_text(sources.exif.image, tag)


def _maker_text(name: str) -> TextReader:
    def read(sources: Sources) -> str | None:
        value = sources.maker.get(name)
        return value if isinstance(value, str) else None

    return read


def _xmp_text(name: str) -> TextReader:
    return lambda sources: next(iter(sources.xmp.get(name, ())), None)


def _sidecar_text(name: str) -> TextReader:
    return lambda sources: next(iter(sources.sidecar.get(name, ())), None)


def _iptc_text(name: str) -> TextReader:
    def read(sources: Sources) -> str | None:
        value = sources.iptc.get(name)
        return value if isinstance(value, str) else None

    return read


def _png_text(keyword: str) -> TextReader:
    return lambda sources: sources.png.get(keyword) or None


def _film_text(name: str) -> TextReader:
    return lambda sources: sources.film.tags.get(name)


def _named(read: TextReader) -> TextReader:
    """A name, and not the dashes that stand for none."""

    def read_name(sources: Sources) -> str | None:
        text = read(sources)
        return text if text and any(map(str.isalnum, text)) else None

    return read_name


def _lens_numbers(tag: int) -> TextReader:
    return lambda sources: lens_range(sources.exif.photo.numbers(tag) or sources.exif.image.numbers(tag))


TEXT_RULES: dict[str, tuple[TextReader, ...]] = {
    "make": (_named(_exif_text(tags.MAKE)), _maker_text("make"), _xmp_text("tiff:Make"), _film_text("make")),
    "model": (_named(_exif_text(tags.MODEL)), _maker_text("model"), _xmp_text("tiff:Model"), _film_text("model")),
    "lens": (
        _named(_exif_text(tags.LENS_MODEL)),
        _xmp_text("exifEX:LensModel"),
        _named(_maker_text("lens")),
        _xmp_text("aux:Lens"),
        _lens_numbers(tags.LENS_SPECIFICATION),
        _lens_numbers(tags.DNG_LENS_INFO),
    ),
    "title": (
        _sidecar_text("dc:title"),
        _xmp_text("dc:title"),
        _iptc_text("title"),
        _wide_text(tags.XP_TITLE),
        _png_text("Title"),
        _film_text("title"),
    ),
    "description": (
        _sidecar_text("dc:description"),
        _xmp_text("dc:description"),
        _exif_text(tags.IMAGE_DESCRIPTION),
        _iptc_text("description"),
        _wide_text(tags.XP_COMMENT),
        _png_text("Description"),
        _film_text("description"),
        lambda sources: sources.takeout.description if sources.takeout else None,
    ),
    "content_id": (_maker_text("content_id"), _film_text("content_identifier")),
    "burst_id": (
        _maker_text("burst_id"),
        _xmp_text("GCamera:BurstID"),
        lambda sources: burst_of_name(sources.file_name),
    ),
}


def _iptc_keywords(sources: Sources) -> list[str]:
    keywords = sources.iptc.get("keywords")
    return keywords if isinstance(keywords, list) else []


def _wide_keywords(sources: Sources) -> list[str]:
    text = wide_text(sources.exif.image, tags.XP_KEYWORDS) or ""
    return [word.strip() for word in text.split(";") if word.strip()]


def _leaf_keywords(name: str, separator: str) -> Callable[[Sources], list[str]]:
    """The last parts of keywords that are paths."""
    return lambda sources: [path.rpartition(separator)[2] for path in sources.xmp.get(name, [])]


KEYWORD_RULES: tuple[Callable[[Sources], list[str]], ...] = (
    lambda sources: sources.sidecar.get("dc:subject", []),
    lambda sources: sources.xmp.get("dc:subject", []),
    _iptc_keywords,
    _wide_keywords,
    lambda sources: sources.xmp.get("MicrosoftPhoto:LastKeywordXMP", []),
    _leaf_keywords("lr:hierarchicalSubject", "|"),
    _leaf_keywords("digiKam:TagsList", "/"),
)
