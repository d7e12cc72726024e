"""Objects with an id of their own."""

import strawberry


@strawberry.interface(description="Anything with an id, to be had again by `node(id:)`.")
class Node:
    """The Relay interface of that name."""

    id: strawberry.ID = strawberry.field(description="Public, unique over all types, and never reused.")
