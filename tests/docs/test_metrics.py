"""docs/metrics.md against what a running service tells."""

from ledger import backlog
from ledger.watching import Step
from runtime import exposition, metrics
from runtime.http.metrics import NAMES_MAX, NONE, OTHER, SEVERAL
from runtime.http.outcomes import Outcome
from tests.client import Api
from tests.docs.tables import ROOT, tables_of
from tests.scraping import Family, scrape_until
from tests.service.shop import open_shop
from workers.metrics import _RESULTS, NO_ANSWER

PAGE = "metrics.md"
TEXT = (ROOT / "docs" / PAGE).read_text("utf-8")
FLAT = " ".join(TEXT.split())


def listed() -> dict[str, Family]:
    found = {}
    for table in tables_of(PAGE):
        assert table.headings == ("Metric", "Type", "Labels", "Meaning")
        for name, type_, labels, meaning in table.rows:
            assert name not in found
            found[name] = Family(type_, meaning, frozenset(filter(None, labels.split(", "))))
    return found


async def test_the_tables_are_what_is_told(anyone: Api) -> None:
    shop = await open_shop(anyone, "USD", "10.00")
    await shop.client.withdraw(shop.purse["token"], "1.00")
    page = await scrape_until(
        anyone.http,
        lambda page: page.value("purser_bank_call_seconds_count") > 0,
        "the bank was asked, so that all there is has been counted once",
    )
    assert page.families() == listed()


def test_the_words_are_those_of_the_code() -> None:
    words = [*Outcome, NONE, OTHER, SEVERAL, *Step, NO_ANSWER, *backlog.OPEN_STATES, "pay", "ask"]
    words += [child._labelvalues[0] for child in _RESULTS.values()]
    assert [word for word in words if f"`{word}`" not in TEXT and word not in FLAT.split()] == []
    for sentence in (
        f"the first {NAMES_MAX} or so",
        f"for at most {backlog.COUNT_SECONDS_MAX:g} s",
        f"at most {'once a second' if backlog.REMEMBERED_SECONDS == 1 else '?'}",
        f"every {'tenth of a second' if metrics.GATHER_SECONDS == 0.1 else '?'}",
        f"Gauges are taken {'twice a second' if metrics.SAMPLE_SECONDS == 0.5 else '?'}",
        f"at most {'half a second' if exposition.REMEMBERED_SECONDS == 0.5 else '?'} old",
    ):
        assert sentence in FLAT, sentence
