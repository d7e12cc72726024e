"""Where people live: what they are called, what they pay with, and when it is noon there."""

from typing import NamedTuple


class Place(NamedTuple):
    """A country. `hours_ahead` of UTC; a dollar's worth costs `dollar_minor` there, in minor units of `currency`.

    No two places share both a first name and a last name: that would be two people with one e-mail address.
    """

    country: str
    currency: str
    hours_ahead: int
    dollar_minor: int
    # Prices end on a multiple of this.
    step_minor: int
    share: float
    dialling: str
    cities: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PLACES = (
    Place(
        "United States",
        "USD",
        -5,
        *(100, 5),
        0.4,
        "+1202555",
        ("New York", "Boston", "Philadelphia", "Atlanta", "Baltimore"),
        _words(
            "Olivia Liam Emma Noah Ava Ethan Sophia Mason Isabella Logan Mia Lucas Charlotte Jackson Amelia Aiden "
            "Harper Carter Evelyn Wyatt Abigail Julian Emily Grayson Madison Levi"
        ),
        _words(
            "Johnson Williams Brown Miller Davis Garcia Rodriguez Martinez Hernandez Anderson Moore Jackson Lee Perez "
            "Thompson Harris Sanchez Ramirez Lewis Walker Young Allen Nguyen Torres Flores Rivera Campbell"
        ),
    ),
    Place(
        "Germany",
        "EUR",
        1,
        *(92, 5),
        0.25,
        "+491510",
        ("Berlin", "Hamburg", "Köln", "Leipzig", "Freiburg"),
        _words(
            "Anna Paul Marie Jonas Sophie Felix Lena Maximilian Hannah Leon Clara Moritz Johanna Tobias Katharina "
            "Matthias Greta Jürgen Ida Sebastian Frieda Björn Annika Lukas"
        ),
        _words(
            "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Richter Klein Wolf "
            "Schröder Neumann Schwarz Zimmermann Krüger Hartmann Lange Werner Krause Lehmann Köhler"
        ),
    ),
    Place(
        "France",
        "EUR",
        1,
        *(94, 5),
        0.12,
        "+33700",
        ("Paris", "Lyon", "Nantes", "Lille", "Bordeaux"),
        _words(
            "Camille Louis Chloé Hugo Manon Jules Inès Arthur Léa Raphaël Zoé Gabriel Juliette Théo Louise Nathan "
            "Élise Baptiste Margaux Antoine Aurélie Étienne"
        ),
        _words(
            "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Laurent Lefebvre Michel Garnier "
            "Faure Rousseau Blanc Guérin Chevalier Perrin Mercier Boyer"
        ),
    ),
    Place(
        "United Kingdom",
        "GBP",
        0,
        *(79, 5),
        0.15,
        "+447700",
        ("London", "Leeds", "Bristol", "Glasgow", "Cardiff"),
        _words(
            "Isla George Freya Oscar Poppy Alfie Florence Archie Daisy Rupert Imogen Callum Beatrice Angus Matilda "
            "Rory Niamh Gareth Eilidh Rhys Harriet Nigel Gemma Alistair"
        ),
        _words(
            "Smith Jones Taylor Evans Roberts Wright Hughes Edwards Patel Clarke Turner Hill Cooper Ward Khan Morris "
            "Bailey Shaw Bennett Begum Marshall Murray Palmer Holmes Fletcher"
        ),
    ),
    Place(
        "Japan",
        "JPY",
        9,
        *(150, 10),
        0.08,
        "+81901",
        ("Tokyo", "Osaka", "Nagoya", "Sapporo"),
        _words(
            "Haruto Yui Sota Aoi Ren Hina Yuto Sakura Daiki Misaki Kaito Nanami Takumi Ayaka Kenta Mio Shota Rin "
            "Hiroshi Emi"
        ),
        _words(
            "Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Kato Yoshida Yamada Sasaki "
            "Matsumoto Inoue Kimura Hayashi Shimizu Mori Ikeda"
        ),
    ),
)

# What one unit is worth in dollars when the history begins; it changes from month to month. Francs are for travelling.
RATES_AT_FIRST = {"EUR": 1.09, "GBP": 1.27, "JPY": 0.0067, "CHF": 1.13}
