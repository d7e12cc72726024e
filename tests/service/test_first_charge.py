"""The story that the service exists for."""

from tests.client import Api


async def test_a_company_charges_a_client_and_both_read_about_it(anyone: Api) -> None:
    client, company = await anyone.sign_up_client(), await anyone.sign_up_company()
    purse, till = await client.create_wallet(name="Lunch"), await company.create_wallet()

    topped_up = await client.deposit(purse["token"], "10.00")
    assert topped_up["operation"]["status"] == "SUCCEEDED"
    assert topped_up["operation"]["source"] is None
    assert topped_up["wallet"]["balance"] == {"amount": "10.00", "currency": "USD"}

    charged = await company.charge(purse["token"], "4.50", summary="Soup")
    assert charged["userErrors"] == []
    assert charged["operation"]["source"] == {"id": purse["id"]}
    assert charged["wallet"]["id"] == till["id"]
    assert charged["wallet"]["balance"]["amount"] == "4.50"

    edges = (await client.history(purse["token"]))["edges"]
    assert [(edge["sequence"], edge["change"]["amount"], edge["node"]["kind"]) for edge in edges] == [
        (2, "-4.50", "CHARGE"),
        (1, "10.00", "DEPOSIT"),
    ]
    assert edges[0]["node"]["target"] == {"id": till["id"], "token": None, "ownerName": "Corner Shop"}
    (edge,) = (await company.history(till["token"]))["edges"]
    assert edge["node"]["source"] == {"id": purse["id"], "token": purse["token"], "ownerName": "Ada L."}
    assert edge["balanceAfter"]["amount"] == "4.50"
