"""What becomes of a wallet: renamed, frozen, closed, given another token."""

import asyncio
from typing import Any

import asyncpg

from tests.client import Api
from tests.service.shop import Shop, open_shop, refusal, succeeded


def code_of(payload: Any) -> str | None:
    """The one refusal's code, or None where the wallet was changed."""
    assert (payload["wallet"] is None) == (payload["userErrors"] != [])
    return payload["userErrors"][0]["code"] if payload["userErrors"] else None


async def test_another_name(shop: Shop) -> None:
    purse = shop.purse["token"]
    for name, expected in (("  Holidays ", "Holidays"), ("", None), ("x" * 255, "x" * 255), (None, None)):
        changed = await shop.client.change("renameWallet", wallet=purse, name=name)
        assert changed["wallet"]["name"] == expected
    too_long = await shop.client.change("renameWallet", wallet=purse, name="x" * 256)
    assert (code_of(too_long), too_long["userErrors"][0]["field"]) == ("TOO_LONG", ["name"])
    assert code_of(await shop.company.change("renameWallet", wallet=purse, name="Mine")) == "WALLET_NOT_FOUND"


async def test_a_frozen_wallet_receives_and_does_not_pay(shop: Shop, administrator: Api) -> None:
    authorization = (await shop.company.authorize(shop.purse["token"], "1"))["operation"]["id"]
    for _ in range(2):
        frozen = await administrator.change("freezeWallet", wallet={"id": shop.purse["id"]})
        assert frozen["wallet"]["status"] == "FROZEN"
    assert succeeded(await shop.deposit("1"))
    for payload in (
        await shop.charge("1"),
        await shop.company.authorize(shop.purse["token"], "1"),
        await shop.client.transfer(shop.purse["token"], {"id": shop.till["id"]}, "1"),
        await shop.company.capture(authorization),
    ):
        assert refusal(payload)[0] == "WALLET_FROZEN"
    other = await shop.client.create_wallet()
    assert succeeded(await shop.client.deposit(other["token"], "1"))
    assert succeeded(await shop.client.transfer(other["token"], {"id": shop.purse["id"]}, "1"))
    assert succeeded(await shop.company.release(authorization))
    for _ in range(2):
        thawed = await administrator.change("unfreezeWallet", wallet={"token": shop.purse["token"]})
        assert thawed["wallet"]["status"] == "ACTIVE"
    assert succeeded(await shop.charge("12"))


async def test_who_freezes(shop: Shop, administrator: Api) -> None:
    answer = await shop.client.ask(
        f'mutation {{ freezeWallet(input: {{ wallet: {{ id: "{shop.purse["id"]}" }} }}) {{ wallet {{ id }} }} }}'
    )
    assert answer.error_codes == ["FORBIDDEN"]
    wrong = shop.purse["token"][:22] + "A" * 22
    for target in ({"id": "nothing"}, {"id": "wal_" + "0" * 32}, {"token": wrong}, {"token": ""}):
        assert code_of(await administrator.change("freezeWallet", wallet=target)) == "WALLET_NOT_FOUND"


async def test_an_empty_wallet_is_closed_for_good(shop: Shop, administrator: Api) -> None:
    purse = shop.purse["token"]
    assert code_of(await shop.client.change("closeWallet", wallet=purse)) == "WALLET_NOT_EMPTY"
    assert succeeded(await shop.charge("10"))
    closed = await shop.client.change("closeWallet", wallet=purse)
    assert closed["wallet"]["status"] == "CLOSED"
    assert refusal(await shop.deposit("1")) == ("WALLET_CLOSED", ["wallet"])
    assert refusal(await shop.company.transfer(shop.till["token"], {"id": shop.purse["id"]}, "1")) == (
        "WALLET_CLOSED",
        ["to"],
    )
    for mutation in ("closeWallet", "renameWallet", "rotateWalletToken"):
        assert code_of(await shop.client.change(mutation, wallet=purse)) == "WALLET_CLOSED"
    for mutation in ("freezeWallet", "unfreezeWallet"):
        target = {"id": shop.purse["id"]}
        assert code_of(await administrator.change(mutation, wallet=target)) == "WALLET_CLOSED"
    assert len((await shop.client.history(purse))["edges"]) == 4


async def test_what_is_pending_or_held_keeps_it_open(shop: Shop) -> None:
    assert succeeded(await shop.charge("10"))
    assert succeeded(await shop.deposit("1", availableAt="2100-01-01T00:00:00Z"))
    assert code_of(await shop.client.change("closeWallet", wallet=shop.purse["token"])) == "WALLET_NOT_EMPTY"


async def test_a_closed_wallet_frees_its_place_and_leaves_the_other_as_the_only_one(elsewhere: Api) -> None:
    # Three wallets for a company there.
    company = await elsewhere.sign_up_company()
    client = await elsewhere.sign_up_client()
    purse = await client.create_wallet()
    assert succeeded(await client.deposit(purse["token"], "10"))
    tills = [await company.create_wallet() for _ in range(3)]
    assert refusal(await company.charge(purse["token"], "1")) == ("WALLET_REQUIRED", ["into"])
    for till in tills[:2]:
        assert code_of(await company.change("closeWallet", wallet=till["token"])) is None
    charged = await company.charge(purse["token"], "1")
    assert succeeded(charged)
    assert charged["wallet"]["id"] == tills[2]["id"]
    await company.create_wallet()
    assert refusal(await company.charge(purse["token"], "1")) == ("WALLET_REQUIRED", ["into"])


async def test_money_goes_to_the_new_till_once_the_old_one_is_closed(shop: Shop) -> None:
    assert succeeded(await shop.charge("1"))
    assert succeeded(await shop.company.transfer(shop.till["token"], {"id": shop.purse["id"]}, "1"))
    assert code_of(await shop.company.change("closeWallet", wallet=shop.till["token"])) is None
    new_till = await shop.company.create_wallet()
    # Whichever process remembers the old one.
    for _ in range(20):
        charged = await shop.charge("0.10")
        assert succeeded(charged)
        assert charged["wallet"]["id"] == new_till["id"]


async def test_what_is_done_is_not_told_as_not_done(shop: Shop, dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            # Nothing can be read of a wallet, while its token can be changed.
            await connection.execute("LOCK TABLE reservations IN ACCESS EXCLUSIVE MODE")
            answer = await shop.client.ask(
                "mutation ($input: RotateWalletTokenInput!) { rotateWalletToken(input: $input) { wallet { id } } }",
                input={"wallet": shop.purse["token"]},
            )
    finally:
        await connection.close()
    (error,) = answer.body["errors"]
    assert (error["extensions"]["code"], error["extensions"]["executed"]) == ("UNAVAILABLE", "UNKNOWN")
    assert refusal(await shop.deposit("1"))[0] == "WALLET_NOT_FOUND"


async def test_closing_against_a_deposit(anyone: Api) -> None:
    for _ in range(5):
        shop = await open_shop(anyone, "USD")
        closed, deposited = await asyncio.gather(
            shop.client.change("closeWallet", wallet=shop.purse["token"]), shop.deposit("1")
        )
        wallet = await shop.client.wallet(shop.purse["token"])
        if code_of(closed) is None:
            assert refusal(deposited)[0] == "WALLET_CLOSED"
            assert (wallet["status"], wallet["balance"]["amount"]) == ("CLOSED", "0.00")
        else:
            assert (wallet["status"], wallet["balance"]["amount"]) == ("ACTIVE", "1.00")


async def test_the_old_token_stops_at_once_and_the_history_stays(shop: Shop, administrator: Api) -> None:
    old = shop.purse["token"]
    charge = (await shop.charge("1"))["operation"]["id"]
    changed = await shop.client.change("rotateWalletToken", wallet=old)
    new = changed["wallet"]["token"]
    assert changed["wallet"]["id"] == shop.purse["id"]
    assert new != old
    for _ in range(6):  # whichever process answers
        assert refusal(await shop.charge("1")) == ("WALLET_NOT_FOUND", ["wallet"])
        assert refusal(await shop.deposit("1")) == ("WALLET_NOT_FOUND", ["wallet"])
        assert await shop.client.wallet(old) is None
    assert len((await shop.client.history(new))["edges"]) == 2
    # Who charged it with the old token is not told the new one.
    seen = {
        name: await api.operation(charge) for name, api in (("company", shop.company), ("owner", shop.client))
    }
    assert seen["company"]["source"]["token"] is None
    assert seen["owner"]["source"]["token"] == new
    charged = await shop.company.charge(new, "1")
    assert (await shop.company.operation(charged["operation"]["id"]))["source"]["token"] == new
    assert (await administrator.operation(charge))["source"]["token"] == new


async def test_a_charge_with_the_old_token_came_before_or_not_at_all(anyone: Api) -> None:
    for _ in range(5):
        shop = await open_shop(anyone, "USD", "10")
        changed, *charged = await asyncio.gather(
            shop.client.change("rotateWalletToken", wallet=shop.purse["token"]),
            *(shop.charge("1") for _ in range(6)),
        )
        done = [payload for payload in charged if payload["userErrors"] == []]
        assert {refusal(payload)[0] for payload in charged if payload not in done} <= {"WALLET_NOT_FOUND"}
        wallet = await shop.client.wallet(changed["wallet"]["token"])
        assert wallet["balance"]["amount"] == f"{10 - len(done)}.00"
