"""What stands in the files: every column in both formats, and which entries."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tests.client import Api
from tests.service.exports import csv_rows, download, json_rows, lengthen, link_to
from tests.service.shop import Shop, open_shop, succeeded

COLUMNS = "type,kind,status,amount,currency,created_at,operation,summary,counterparty,balance_after"


async def full_history(shop: Shop) -> None:
    """One of everything that happens to a purse: what came in and went out, was refused, held and given back."""
    friend = await shop.client.create_wallet(currency="USD")
    charged = await shop.charge("4", summary="Soup, hot")
    await shop.charge("100", summary="Too much")
    await shop.company.refund(charged["operation"]["id"], amount="1.50", summary="Cold")
    held = await shop.company.authorize(shop.purse["token"], "2", summary="Bicycle")
    await shop.company.capture(held["operation"]["id"], amount="0.75", final=False)
    await shop.company.release(held["operation"]["id"])
    assert succeeded(await shop.client.transfer(shop.purse["token"], {"id": friend["id"]}, "0.25"))


def told(rows: list[dict[str, Any]]) -> list[str]:
    """Each row without the columns that differ from run to run."""
    names = ("type", "kind", "status", "amount", "summary", "counterparty", "balance_after")
    return ["|".join(str(row[name]) for name in names) for row in rows]


async def test_every_column_of_a_clients_and_of_a_companys_file(shop: Shop) -> None:
    await full_history(shop)
    assert told(await csv_rows(shop.client, shop.purse)) == [
        "in|DEPOSIT|SUCCEEDED|10.00|||10.00",
        "out|CHARGE|SUCCEEDED|4.00|Soup, hot|Corner Shop|6.00",
        "out|CHARGE|FAILED|0.00|Too much|Corner Shop|6.00",
        "in|REFUND|SUCCEEDED|1.50|Cold|Corner Shop|7.50",
        "out|AUTHORIZATION|SUCCEEDED|0.00|Bicycle|Corner Shop|7.50",
        "out|CAPTURE|SUCCEEDED|0.75||Corner Shop|6.75",
        "out|RELEASE|SUCCEEDED|0.00||Corner Shop|6.75",
        "out|TRANSFER|SUCCEEDED|0.25||Ada L.|6.50",
    ]
    assert told(await csv_rows(shop.company, shop.till)) == [
        "in|CHARGE|SUCCEEDED|4.00|Soup, hot|Ada L.|4.00",
        "in|CHARGE|FAILED|0.00|Too much|Ada L.|4.00",
        "out|REFUND|SUCCEEDED|1.50|Cold|Ada L.|2.50",
        "in|AUTHORIZATION|SUCCEEDED|0.00|Bicycle|Ada L.|2.50",
        "in|CAPTURE|SUCCEEDED|0.75||Ada L.|3.25",
        "in|RELEASE|SUCCEEDED|0.00||Ada L.|3.25",
    ]


async def test_the_file_agrees_with_the_history_and_one_format_with_the_other(shop: Shop) -> None:
    await full_history(shop)
    rows = await csv_rows(shop.client, shop.purse)
    answer = await shop.client.ask(
        "query ($token: WalletToken) { wallet(token: $token) { currency history(orderBy: OLDEST_FIRST) { edges { "
        "change { amount } balanceAfter { amount currency } node { id kind status createdAt } } } } }",
        token=shop.purse["token"],
    )
    for row, edge in zip(rows, answer.data["wallet"]["history"]["edges"], strict=True):
        sign = "-" if row["type"] == "out" and row["amount"].strip("0.") else ""
        assert edge == {
            "change": {"amount": sign + row["amount"]},
            "balanceAfter": {"amount": row["balance_after"], "currency": row["currency"]},
            "node": {
                "id": row["operation"],
                "kind": row["kind"],
                "status": row["status"],
                "createdAt": row["created_at"],
            },
        }
    lines = await json_rows(shop.client, shop.purse)
    assert [list(line) for line in lines] == [COLUMNS.split(",")] * len(rows)
    assert [line | {"counterparty": line["counterparty"] or ""} for line in lines] == rows
    assert lines[0]["counterparty"] is None


async def test_a_part_of_a_charge_comes_from_who_paid_and_goes_back_there(anyone: Api, shop: Shop) -> None:
    tinker = await anyone.sign_up_company(name="Tinker")
    bench = await tinker.create_wallet()
    payload = await shop.charge("4", splits=[{"into": bench["token"], "amount": "1"}])
    assert succeeded(payload)
    assert succeeded(await shop.company.refund(payload["operation"]["id"]))
    assert told(await csv_rows(tinker, bench)) == [
        "in|CHARGE|SUCCEEDED|1.00|A coffee|Ada L.|1.00",
        "out|REFUND|SUCCEEDED|1.00||Ada L.|0.00",
    ]


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "7"), ("BTC", "0.00000001"), ("BHD", "1.250")])
async def test_amounts_have_the_currencys_decimals(anyone: Api, currency: str, amount: str) -> None:
    shop = await open_shop(anyone, currency, amount)
    (row,) = await csv_rows(shop.client, shop.purse)
    assert (row["amount"], row["currency"], row["balance_after"]) == (amount, currency, amount)


RUN = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "\uff1d1", "\uff20x"]
NOT_RUN = [
    "1=1",
    "'=1",
    " =1",
    "a,b",
    'say "cheese"',
    "two\nlines",
    "two\r\nlines",
    "",
    "\u20ac \U0001f36a \u0661",
]


@pytest.mark.parametrize("text", RUN + NOT_RUN)
async def test_a_text_is_told_as_it_is_but_never_run(shop: Shop, text: str) -> None:
    assert succeeded(await shop.charge("1", summary=text))
    _, row = await csv_rows(shop.client, shop.purse)
    assert row["summary"] == ("'" + text if text in RUN else text)
    _, line = await json_rows(shop.client, shop.purse)
    assert line["summary"] == text


@pytest.mark.parametrize(
    ("text", "written"),
    [("x;=1+1;", "x;'=1+1;"), ("a\n=2+2", "a\n'=2+2"), ("x; +1;y", "x;' +1;y"), ("x;1=1", "x;1=1")],
)
async def test_nor_where_cells_end_at_something_else_than_commas(shop: Shop, text: str, written: str) -> None:
    assert succeeded(await shop.charge("1", summary=text))
    assert (await csv_rows(shop.client, shop.purse))[1]["summary"] == written


async def test_a_name_is_never_run_either(anyone: Api, shop: Shop) -> None:
    company = await anyone.sign_up_company(name="=cmd|' /C calc'!A0")
    await company.create_wallet()
    assert succeeded(await company.charge(shop.purse["token"], "1"))
    assert (await csv_rows(shop.client, shop.purse))[1]["counterparty"] == "'=cmd|' /C calc'!A0"


async def test_the_bytes_of_a_csv_file(shop: Shop) -> None:
    assert succeeded(await shop.charge("1", summary='5" pipe, "long"\nand thin'))
    content = (await download(await link_to(shop.client, shop.purse))).content
    head, deposit, charge, end = content.split(b"\r\n")
    assert (head.decode(), end) == (COLUMNS, b"")
    assert re.fullmatch(rb"in,DEPOSIT,SUCCEEDED,10\.00,USD,[0-9T:.-]+Z,op_[0-9a-f]{32},,,10\.00", deposit)
    assert b',"5"" pipe, ""long""\nand thin",Corner Shop,9.00' in charge


async def test_an_empty_history(anyone: Api) -> None:
    shop = await open_shop(anyone, "USD")
    assert (await download(await link_to(shop.client, shop.purse))).text == COLUMNS + "\r\n"
    assert await json_rows(shop.client, shop.purse) == []


async def test_from_is_part_of_the_window_and_to_is_not(anyone: Api) -> None:
    shop = await open_shop(anyone, "USD")
    for number in (1, 2, 3):
        await shop.deposit("1", summary=str(number))
        await asyncio.sleep(0.005)
    first, second, third = (row["created_at"] for row in await csv_rows(shop.client, shop.purse))
    windows: list[tuple[dict[str, str | None], list[str]]] = [
        ({"from": second}, ["2", "3"]),
        ({"to": second}, ["1"]),
        ({"from": first, "to": third}, ["1", "2"]),
        ({"from": second, "to": second}, []),
        ({"from": third, "to": first}, []),
        ({"from": None, "to": None}, ["1", "2", "3"]),
        ({"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"}, ["1", "2", "3"]),
        ({"to": "2000-01-01T00:00:00Z"}, []),
        ({"from": "2100-01-01T00:00:00Z"}, []),
    ]
    for window, expected in windows:
        rows = await csv_rows(shop.client, shop.purse, **window)
        assert [row["summary"] for row in rows] == expected, window
        answer = await download(await link_to(shop.client, shop.purse, **window))
        assert answer.headers["purser-rows"] == str(len(expected))


async def test_a_link_leads_to_the_same_entries_each_time(shop: Shop) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    links = [await link_to(shop.client, shop.purse), await link_to(shop.client, shop.purse, to=tomorrow)]
    first = [(await download(link)).content for link in links]
    assert succeeded(await shop.charge("1"))
    assert [(await download(link)).content for link in links] == first
    assert len(await csv_rows(shop.client, shop.purse)) == 2


async def test_a_long_history_is_whole_and_in_order(anyone: Api, connection: asyncpg.Connection) -> None:
    shop = await open_shop(anyone, "USD")
    await lengthen(connection, shop.purse["id"], 2_345)
    rows = await csv_rows(shop.client, shop.purse)
    assert [row["balance_after"] for row in rows] == [f"{n // 100}.{n % 100:02}" for n in range(1, 2_346)]
