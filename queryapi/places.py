"""Where on earth visitors are (SPEC A7-A10, B5)."""

from queryapi.dimensions import UNSET
from queryapi.lists import Listing
from queryapi.rows import Row, text
from shared.countries import CONTINENTS, COUNTRIES


def _country(row: Row) -> dict[str, object]:
    code = text(row["country"])
    country = COUNTRIES.get(code or "")
    return {"country": code, "name": country.name if country else code or UNSET}


def _city(row: Row) -> dict[str, object]:
    return {
        "city": row["city"] or UNSET,
        "city_geoname_id": row["city_geoname_id"],
        "region": row["city_region"],
        "country": row["city_country"],
    }


def _continent(row: Row) -> dict[str, object]:
    code = text(row["continent"])
    return {"continent": code, "name": CONTINENTS.get(code or "", code or UNSET)}


def _region(row: Row) -> dict[str, object]:
    code = text(row["region"])
    return {"region": code, "name": code or UNSET, "country": row["region_country"]}


COUNTRY_LIST = Listing(dimensions=("country",), name="country", item=_country)
CITY_LIST = Listing(dimensions=("city", "city_geoname_id", "city_region", "city_country"), name="city", item=_city)
CONTINENT_LIST = Listing(dimensions=("continent",), name="continent", item=_continent)
REGION_LIST = Listing(dimensions=("region", "region_country"), name="region", item=_region)
