"""What reading and writing FHIR have in common: systems, and columns that travel as extensions."""

from geo.packs.schema import COLUMNS

NPI = "http://hl7.org/fhir/sid/us-npi"
OURS = "urn:carereach:"
LANGUAGE = "urn:ietf:bcp:47"
#: Columns of a provider without an element of R4's own.
EXTENDED = (
    *("facility_type", "location_precision", "region_id", "opening_hours", "locality"),
    *("accepting_new", "telehealth", "wheelchair", "emergency", "beds", "retrieved", "languages"),
    *("gender", "website", "phone", "address", "npi", "note"),
)
LISTS = ("sources", "specialties", "also_known_as", "languages")
YES_NO = ("accepting_new", "telehealth", "wheelchair", "emergency")
#: Columns of a statement.
EVIDENCE = tuple(c for c in COLUMNS["evidence"] if c != "provider_id")
#: What is said of a source.
SOURCE = ("name", "title", "license", "path", "as_of", "description", "kind")
