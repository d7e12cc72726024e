"""Pages within pages, their sizes given by variables: what they cost is what these ask for."""

from tests.client import Api

TEXT = """
query ($wallets: Int, $entries: Int) {
  wallets(first: $wallets) { nodes { history(first: $entries) { edges { sequence node { id kind } } } } }
}
"""


async def test_small_pages_are_answered_and_large_ones_refused(anyone: Api) -> None:
    client = await anyone.sign_up_client()
    wallet = await client.create_wallet()
    await client.deposit(wallet["token"], "1")
    answer = await client.ask(TEXT, wallets=20, entries=20)
    assert answer.data["wallets"]["nodes"][0]["history"]["edges"][0]["sequence"] == 1
    refused = await client.ask(TEXT, wallets=100, entries=100)
    assert refused.error_codes == ["BAD_USER_INPUT"]
    assert "may cost" in refused.body["errors"][0]["message"]
    assert "data" not in refused.body
