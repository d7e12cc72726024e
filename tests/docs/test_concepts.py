"""docs/concepts.md lists the roles and the amounts that there are."""

from graphql import GraphQLObjectType

from auth.principal import Role
from schema.root import schema
from tests.docs.tables import table_of


def test_every_role_is_there() -> None:
    assert set(table_of("concepts.md", "Role").by_name()) == set(Role)


def test_the_amounts_of_a_wallet_are_fields() -> None:
    wallet = schema._schema.get_type("Wallet")
    assert isinstance(wallet, GraphQLObjectType)
    amounts = {
        name for name, field in wallet.fields.items() if str(field.type) == "Money!" and not field.args
    }
    assert set(table_of("concepts.md", "Amount").by_name()) == amounts
