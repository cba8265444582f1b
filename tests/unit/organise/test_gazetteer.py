"""Places by position: populous ones reach farther, the sea has none."""

from __future__ import annotations

import pytest

from albumen.organise.gazetteer import gazetteer

CITIES = {
    "Eiffel Tower": ((48.8584, 2.2945), "Paris", "FR"),
    "palace of Versailles": ((48.8049, 2.1204), "Versailles", "FR"),
    "Times Square": ((40.7580, -73.9855), "New York City", "US"),
    "Newark Penn Station": ((40.7347, -74.1642), "Newark", "US"),
    "La Concha, Donostia": ((43.3170, -1.9890), "Donostia / San Sebastián", "ES"),
    "Shibuya crossing": ((35.6595, 139.7005), "Tokyo", "JP"),
    "Sydney Opera House": ((-33.8568, 151.2153), "Sydney", "AU"),
    "Suva, by the date line": ((-18.1416, 178.4419), "Suva", "FJ"),
    "Tromsø": ((69.6492, 18.9553), "Tromsø", "NO"),
    "Ushuaia": ((-54.8019, -68.3030), "Ushuaia", "AR"),
}


@pytest.mark.parametrize("where", CITIES)
def test_a_point_is_in_the_city_people_would_name(where: str) -> None:
    point, city, country = CITIES[where]
    place = gazetteer().place(point)
    assert place is not None
    assert (place.city, place.country_code) == (city, country)
    assert place.country
    assert place.place_id.startswith(country.lower() + "-")


@pytest.mark.parametrize(
    "point", [(0.0, -140.0), (35.0, -45.0), (-50.0, 90.0), (-89.9, 0.0), (80.0, 180.0), (0.0, -180.0)]
)
def test_nothing_is_in_mid_ocean(point: tuple[float, float]) -> None:
    assert gazetteer().place(point) is None


def test_far_from_the_next_town_only_country_and_region_are_told() -> None:
    place = gazetteer().place((46.55, 10.45))  # high in the Ortler Alps
    assert place is not None
    assert place.city is not None
    lonely = gazetteer().place((-23.85, 133.65))  # 30 km off Alice Springs
    assert lonely is not None
    assert (lonely.city, lonely.country) == (None, "Australia")
