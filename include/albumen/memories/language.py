"""The language a story is told in: sentences of our catalogs, plurals and dates by the rules of CLDR.

A catalog is one gettext file, `languages/<code>.po`; English is what stands in the code. Nothing here depends on the
process's environment.
"""

from __future__ import annotations

import gettext
import io
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

# English without a territory puts the day first and counts 24 hours, as most of the world does.
DEFAULT = Locale("en", "GB")


@dataclass(frozen=True, slots=True)
class Language:
    """Sentences in one language.

    Attributes
    ----------
    locale : Locale
        Whose dates, numbers and lists are written.
    catalog : gettext.NullTranslations
        The sentences.
    """

    locale: Locale
    catalog: gettext.NullTranslations

    @property
    def code(self) -> str:
        """As HTML wants it, such as `en-GB`."""
        return str(self.locale).replace("_", "-")

    def say(self, sentence: str, **values: object) -> str:
        """A sentence, `%(name)s` in it replaced by the value of that name, whatever that contains."""
        return self.catalog.gettext(sentence) % values

    def count(self, one: str, many: str, number: int, **values: object) -> str:
        """A sentence that hangs on a number, which it has as `%(count)s`."""
        counted = format_decimal(number, locale=self.locale)
        return self.catalog.ngettext(one, many, number) % {"count": counted, **values}


@lru_cache(maxsize=64)
def language(locale: str) -> Language:
    """The language of a locale such as `de`, `fr_CA` or `en_US.UTF-8`; British English where we have no other."""
    try:
        wanted = Locale.parse(locale.partition(".")[0].replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Language(DEFAULT, gettext.NullTranslations())
    if wanted.language == "en":
        return Language(wanted if wanted.territory else DEFAULT, gettext.NullTranslations())
    source = resources.files("albumen.memories").joinpath("languages", f"{wanted.language}.po")
    if not source.is_file():
        return Language(DEFAULT, gettext.NullTranslations())
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source.read_bytes()), locale=wanted.language))
    compiled.seek(0)
    return Language(wanted, gettext.GNUTranslations(compiled))


def in_english(locale: str) -> str:
    """The locale where it is English, else the one we use for English."""
    return locale if language(locale).locale.language == "en" else str(DEFAULT)


def languages() -> list[str]:
    """The codes of the languages that stories can be told in."""
    files = resources.files("albumen.memories").joinpath("languages").iterdir()
    return sorted(["en", *(file.name.removesuffix(".po") for file in files if file.name.endswith(".po"))])
