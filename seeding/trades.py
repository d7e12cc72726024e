"""What companies sell, when, how often, and how it is paid for."""

from dataclasses import dataclass
from enum import Enum, auto


class Way(Enum):
    """How a purchase is paid."""

    TILL = auto()  # charged at once, by a till that sends no idempotency keys
    ONLINE = auto()  # charged at once, with a key
    DEPOSIT = auto()  # authorized first, captured when the thing comes back
    SHARED = auto()  # charged at once and split with who really sold it
    MONTHLY = auto()  # charged in the night, once a month


@dataclass(frozen=True, slots=True)
class Trade:
    """A kind of company. `goods` with their usual price in dollars; 24 `hours` and 7 `weekdays` weigh up to 9.

    `share` is how much of all purchases go to companies of this kind.
    """

    way: Way
    share: float
    nouns: tuple[str, ...]
    goods: tuple[tuple[str, float], ...]
    hours: str
    weekdays: str


#                        0     6     12    18
MORNINGS = "000000389976654332100000"
LUNCH = "000000000014998310000000"
DAYTIME = "000000001356677765421000"
EVENINGS = "000000000000111223799741"
ONLINE = "211000012333444333456875"
ROUND_THE_CLOCK = "210000245544555566776543"

TRADES = (
    Trade(
        Way.TILL,
        0.22,
        ("Coffee", "Espresso Bar", "Roasters"),
        (("Flat white", 4.2), ("Espresso", 2.6), ("Cappuccino and croissant", 7.5), ("Iced tea", 3.9)),
        MORNINGS,
        "9999975",
    ),
    Trade(
        Way.TILL,
        0.12,
        ("Canteen", "Kitchen"),
        (("Soup of the day", 4.5), ("Lunch menu", 9.8), ("Salad bowl", 8.2), ("Lunch and a drink", 12.4)),
        LUNCH,
        "9999910",
    ),
    Trade(
        Way.TILL,
        0.13,
        ("Bakery", "Patisserie"),
        (("Sourdough loaf", 5.6), ("Six rolls", 3.3), ("Apple cake", 4.1), ("Pretzel", 1.9)),
        MORNINGS,
        "5677894",
    ),
    Trade(
        Way.TILL,
        0.16,
        ("Grocers", "Market", "Greengrocer"),
        (("Groceries", 31.0), ("Fruit and vegetables", 14.5), ("Milk and eggs", 7.2), ("Weekly shop", 74.0)),
        DAYTIME,
        "6666892",
    ),
    Trade(
        Way.TILL,
        0.08,
        ("Transit", "Bikes and Buses"),
        (("Single ticket", 2.9), ("Day ticket", 8.8), ("Ten rides", 24.0)),
        ROUND_THE_CLOCK,
        "9999975",
    ),
    Trade(
        Way.ONLINE,
        0.08,
        ("Books", "Paper and Ink"),
        (("Paperback", 12.9), ("Hardcover", 24.5), ("Notebooks, set of 3", 15.0), ("E-book", 8.9)),
        ONLINE,
        "6555799",
    ),
    Trade(
        Way.ONLINE,
        0.06,
        ("Outfitters", "Clothing"),
        (("Running shoes", 89.0), ("T-shirt", 22.0), ("Jacket", 120.0), ("Socks, 5 pairs", 17.5)),
        ONLINE,
        "6555799",
    ),
    Trade(
        Way.ONLINE,
        0.05,
        ("Games", "Arcade"),
        (("500 coins", 4.9), ("Season pass", 9.9), ("1,200 coins", 9.9), ("Expansion", 29.9)),
        EVENINGS,
        "4445899",
    ),
    Trade(
        Way.DEPOSIT,
        0.03,
        ("Bicycles", "Scooters"),
        (("Bicycle for the day", 22.0), ("Cargo bicycle", 38.0), ("Scooter", 14.0)),
        DAYTIME,
        "4445799",
    ),
    Trade(
        Way.DEPOSIT,
        0.015,
        ("Hotel", "Guest House"),
        (("Room, one night", 96.0), ("Room, two nights", 188.0), ("Suite", 240.0)),
        EVENINGS,
        "4555983",
    ),
    Trade(
        Way.SHARED,
        0.055,
        ("Marketplace", "Delivery"),
        (
            ("Pizza, delivered", 18.5),
            ("Curry, delivered", 16.9),
            ("Handmade mug", 21.0),
            ("Sushi, delivered", 27.0),
        ),
        EVENINGS,
        "5556899",
    ),
    Trade(
        Way.MONTHLY,
        0.0,
        ("Streaming", "Gym", "Newspaper"),
        (("Membership, this month", 24.9), ("Subscription, this month", 11.9)),
        "009900000000000000000000",
        "9999999",
    ),
)

# When people send money to each other.
SENDING_HOURS = "210000123344555555678986"

NAME_WORDS = (
    "Harbour",
    "Corner",
    "Old Mill",
    "Station",
    "Riverside",
    "Green Leaf",
    "Blue Door",
    "Northside",
    "Lighthouse",
    "Maple",
    "Market Street",
    "Sunny",
    "Anchor",
    "Red Brick",
    "Cedar",
    "Hilltop",
    "Copper Kettle",
    "Little Fox",
    "Bridge",
    "Swallow",
    "Lantern",
    "Orchard",
    "Compass",
    "Juniper",
)
TRANSFER_MESSAGES = (
    "Dinner, thank you!",
    "For the tickets",
    "Rent, my half",
    "Happy birthday!",
    "Groceries",
    "Pocket money",
    "For the taxi",
    "Thanks for the coffee",
    "Concert on Friday",
    "Present for Grandma",
)
