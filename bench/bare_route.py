"""A route that does nothing, served as the service is: what the load generator and HTTP alone can do."""

import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

# As long as the service's answer to a charge, and a success to the load generator.
ANSWER = json.dumps(
    {
        "data": {
            "charge": {
                "operation": {
                    "id": "T3BlcmF0aW9uOjAxOWFhM2QwLTAwMDAtNzAwMC04MDAwLTEwMDAwMDAwMDAwMQ",
                    "status": "SUCCEEDED",
                    "amount": {"amount": "1.00", "currency": "USD"},
                },
                "wallet": {"available": {"amount": "1234.00"}},
                "replayed": False,
                "userErrors": [],
            }
        }
    },
    separators=(",", ":"),
).encode()


async def charge(request: Request) -> Response:
    await request.body()
    return Response(ANSWER, media_type="application/json")


app = Starlette(routes=[Route("/graphql", charge, methods=["POST"])])
