"""docs/limits.md against the bounds that hold, and its examples against what is sent."""

import re

from app import POOL_WAIT_SECONDS_MAX
from auth import passwords, throttle
from auth.limits import rate_limits
from auth.limits.desk import SUBJECTS_AT_ONCE, WAIT_SECONDS_MAX
from auth.limits.leases import Standing
from auth.limits.window import SLOT_SECONDS, WINDOW_SECONDS
from exports import downloads
from ledger import long_reads
from runtime import http_protocol
from runtime.settings import Settings
from schema import paging
from schema.requests import bodies, documents, endpoint
from schema.requests.cost import LIMITS
from tests.docs.tables import ROOT, table_of

TEXT = (ROOT / "docs" / "limits.md").read_text("utf-8")
FLAT = " ".join(TEXT.split())
# What the table says, by the beginning of its rows.
FIXED = {
    "Failed log-ins of one e-mail from one address": f"{throttle.PAIR_FAILURES_MAX}",
    "Failed log-ins from one address": f"{throttle.ADDRESS_FAILURES_MAX}",
    "Failed log-ins of one e-mail from anywhere": f"{throttle.EMAIL_FAILURES_MAX}",
    "Passwords that wait to be hashed, in a process": f"{passwords.WAITING_MAX}",
    "Reads through long histories, in a process": (
        f"{long_reads.AT_ONCE_MAX}, and {long_reads.WAITING_MAX} that wait"
    ),
    "Wait for a connection to the database, of reads": f"{POOL_WAIT_SECONDS_MAX} seconds",
    "Fields in a request that check or set a password": f"{endpoint.CREDENTIAL_FIELDS_MAX}",
    "Head of a request": f"{http_protocol.HEAD_BYTES_MAX:,} bytes, {http_protocol.HEAD_SECONDS_MAX:.0f} seconds",
    "Requests on one connection behind one that runs": f"as many as are in {http_protocol.PARSED_BYTES_MAX:,} bytes",
    "Operations in a batch of requests": f"{bodies.BATCH_OPERATIONS_MAX}",
    "Characters of a document": f"{documents.CHARACTERS_MAX:,}",
    "Tokens of a document": f"{documents.TOKENS_MAX:,}",
    "Levels of a document": f"{LIMITS.depth_max}",
    "Fields of a document, its fragments written out": f"{LIMITS.fields_max:,}",
    "Aliases of a document": f"{LIMITS.aliases_max}",
    "Directives of a document": f"{LIMITS.directives_max}",
    "Cost of an operation: its fields, times the items of the lists they stand in": f"{LIMITS.cost_max:,}",
    "Inputs of the mutations of many in an operation": f"{LIMITS.inputs_max:,}",
    "Items of a page": f"{paging.PAGE_SIZE_MAX}",
    "Downloads at the same time, in a process": (
        f"{downloads.DOWNLOADS_MAX}, of one account {downloads.DOWNLOADS_EACH_MAX}"
    ),
}


def most_of(setting: str) -> str:
    value = getattr(Settings(), setting.removeprefix("PURSER_").lower())
    return f"{value:,}" if value else "no limit"


def test_the_bounds_in_the_table_are_those_that_hold() -> None:
    seen = set()
    for what, most, setting, _ in table_of("limits.md", "What", "At most", "Setting").rows:
        if what in FIXED:
            assert most == FIXED[what], what
            seen.add(what)
        elif setting == "PURSER_BODY_BYTES_MAX":
            assert most == f"{most_of(setting)} bytes, {endpoint.BODY_SECONDS_MAX:.0f} seconds"
        elif setting != "PURSER_MAX_AMOUNTS":
            assert most == most_of(setting), what
    assert seen == set(FIXED)


def test_every_setting_in_the_table_is_one() -> None:
    names = {
        setting for _, _, setting, _ in table_of("limits.md", "What", "At most", "Setting").rows if setting
    }
    assert names <= {f"PURSER_{name.upper()}" for name in Settings.model_fields}


def test_the_figures_in_the_text() -> None:
    assert (WINDOW_SECONDS, SLOT_SECONDS, WAIT_SECONDS_MAX) == (60, 5, 1.0)
    assert f"remembers {rate_limits.LEASES_MAX:,} accounts" in FLAT
    assert f"up to {SUBJECTS_AT_ONCE} at once" in FLAT
    assert f"lie at most {throttle.WINDOW_SECONDS // 60} minutes apart" in FLAT
    assert f"refused for {throttle.PAUSE_SECONDS_FIRST:.0f} seconds, then 30, 60" in FLAT
    assert f"within {throttle.KNOWN_SECONDS // 86_400} days" in FLAT
    assert f"At most {throttle.DELAYED_MAX} attempts are delayed" in FLAT
    assert f"refused for {throttle.DELAY_SECONDS_MAX:.0f} seconds" in FLAT


def test_the_headers_are_the_ones_that_are_sent() -> None:
    told = re.findall(r"^RateLimit(?:-Policy)?: (.*)$", TEXT, re.MULTILINE)
    address, account = rate_limits._Counted("address", 1200), rate_limits._Counted("account", 600)
    sent = [
        (address.policy, account.policy),
        (address.item(Standing(True, 1187, 51.3)), account.item(Standing(True, 590, 57.0))),
        (account.policy,),
        (account.item(Standing(False, 0, 56.2)),),
    ]
    assert told == [", ".join(item.decode() for item in items) for items in sent]
