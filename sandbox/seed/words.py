"""Names, streets and goods that the seed draws from. All invented; mail goes to example domains, telephones to 555
numbers.
"""

from __future__ import annotations


def _split(names: str) -> list[str]:
    return names.split()


GIVEN = _split(
    "Ada Amara Anders Beatriz Callum Carmen Dana Diego Elena Elias Fatima Frances Gideon Greta Hana Hugo Imani Ines"
    " Jasper Joana Kaito Keiko Lena Leon Maeve Malik Nadia Niko Odette Omar Petra Quinn Rafael Rosa Samir Sigrid"
    " Tomas Ursula Viktor Willa Xavier Yara Zeno"
)
FAMILY = _split(
    "Abara Bergstrom Castellanos Dufresne Eklund Ferreira Gallagher Haddad Ishikawa Jensen Kowalski Lindqvist"
    " Marchetti Novak Okafor Petrov Quiroga Rasmussen Santana Thorne Ueda Valdez Whitcombe Yilmaz Zimmer Ashby"
    " Brandt Cordero Delgado Easton Fairbanks Grover Holloway Ivers Jorgensen Keller Larkin Mercer Nakamura Ortega"
    " Prescott"
)
PLACES = _split(
    "Alder Basalt Birch Bridger Canyon Cedar Chinook Clearwater Columbia Coyote Crescent Deschutes Elkhorn Fern"
    " Foxglove Granite Hawthorne Heron Highland Juniper Kestrel Larch Maple Marigold Meadow Mill Mission Nehalem"
    " Northbank Osprey Pearl Pinecone Quarry Ridgeline Riverbend Rose Salmonberry Sellwood Silver Skyline Steelhead"
    " Sumac Tabor Tamarack Tillamook Trillium Umber Vista Wallowa Willow"
)
TRADES = (
    "Builders",
    "Kitchens",
    "Bath Studio",
    "Homes",
    "Property Group",
    "Restaurant",
    "Bakery",
    "Dental",
    "Brewing",
    "Hotel",
    "Architects",
    "Interiors",
    "Cafe",
    "Remodeling",
    "School",
    "Yoga",
    "Clinic",
    "Market",
    "Apartments",
    "Contractors",
)
STREETS = (
    "NE Alberta Street",
    "SE Division Street",
    "NW Thurman Street",
    "SW Corbett Avenue",
    "N Mississippi Avenue",
    "SE Hawthorne Boulevard",
    "NE Fremont Street",
    "SE Milwaukie Avenue",
    "NW 23rd Avenue",
    "N Lombard Street",
)
# City, state, postal code. Vancouver lies in Washington, where sales are taxed; Oregon taxes none.
OREGON = (
    ("Portland", "OR", "97211"),
    ("Portland", "OR", "97202"),
    ("Beaverton", "OR", "97005"),
    ("Hillsboro", "OR", "97123"),
    ("Lake Oswego", "OR", "97034"),
    ("Gresham", "OR", "97030"),
)
WASHINGTON = (("Vancouver", "WA", "98660"), ("Vancouver", "WA", "98684"))

# Name, type, unit price in cents, income account, taxable
ITEMS = (
    ("Porcelain tile 12x24", "NonInventory", 489, "Sales of Product Income", True),
    ("Ceramic subway tile 3x6", "NonInventory", 325, "Sales of Product Income", True),
    ("Slate tile 16x16", "NonInventory", 745, "Sales of Product Income", True),
    ("Travertine 18x18", "NonInventory", 1180, "Sales of Product Income", True),
    ("Zellige tile 4x4", "NonInventory", 1895, "Sales of Product Income", True),
    ("Quartzite slab", "NonInventory", 64000, "Sales of Product Income", True),
    ("Encaustic cement tile 8x8", "NonInventory", 1450, "Sales of Product Income", True),
    ("Thinset mortar, 50 lb", "NonInventory", 2450, "Sales of Product Income", True),
    ("Grout, 25 lb", "NonInventory", 3175, "Sales of Product Income", True),
    ("Edge trim, 8 ft", "NonInventory", 1860, "Sales of Product Income", True),
    ("Waterproof membrane", "NonInventory", 295, "Sales of Product Income", True),
    ("Tile installation", "Service", 1250, "Installation Income", False),
    ("Demolition and haul-away", "Service", 8500, "Installation Income", False),
    ("Shower pan, built in place", "Service", 92500, "Installation Income", False),
    ("Design consultation", "Service", 12000, "Services", False),
    ("Delivery", "Service", 9500, "Delivery Income", False),
    ("Early-payment discount", "Service", 0, "Discounts given", False),  # nothing is sold on it: it books discounts
)
# What is sold together: item, unit of quantity drawn between.
BASKETS = (
    (
        ("Porcelain tile 12x24", 80, 420),
        ("Thinset mortar, 50 lb", 2, 9),
        ("Grout, 25 lb", 1, 4),
        ("Tile installation", 80, 420),
    ),
    (("Ceramic subway tile 3x6", 40, 160), ("Grout, 25 lb", 1, 2), ("Tile installation", 40, 160)),
    (("Slate tile 16x16", 60, 240), ("Edge trim, 8 ft", 2, 10), ("Delivery", 1, 1)),
    (("Zellige tile 4x4", 20, 90), ("Thinset mortar, 50 lb", 1, 4), ("Tile installation", 20, 90)),
    (("Quartzite slab", 1, 4), ("Delivery", 1, 1)),
    (("Shower pan, built in place", 1, 2), ("Waterproof membrane", 40, 120), ("Demolition and haul-away", 2, 8)),
    (("Design consultation", 1, 6),),
    (("Encaustic cement tile 8x8", 30, 140), ("Grout, 25 lb", 1, 3), ("Delivery", 1, 1)),
    (("Travertine 18x18", 60, 300), ("Tile installation", 60, 300), ("Demolition and haul-away", 1, 6)),
)
VENDORS = (
    "Cascade Stone Supply",
    "Pacific Grout Company",
    "Hood River Freight",
    "Northwest Fuel Card",
    "Marine Drive Properties",
    "Rose City Office Supply",
    "Columbia Power and Light",
)
# Vendor, account, cents from, cents to, day of the month
BILLS = (
    ("Marine Drive Properties", "Rent or Lease", 420000, 420000, 1),
    ("Columbia Power and Light", "Utilities", 21000, 38000, 9),
    ("Northwest Fuel Card", "Fuel", 26000, 61000, 15),
    ("Rose City Office Supply", "Office Supplies", 4500, 19000, 22),
    ("Cascade Stone Supply", "Cost of Goods Sold", 480000, 1450000, 25),
)
