"""The simulated bank over HTTP: bad input gets an error and an explanation, and lost replies are lost."""

import re
from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from runtime.http.receiving import BodyTooLarge, BodyTooSlow, ClientGone, receive_body
from workers.bank import Answer, Payment
from workers.simulated_bank.bank import Closing, SimulatedBank
from workers.simulated_bank.behaviour import Outage, Reply
from workers.simulated_bank.books import RECORDS_MAX, BooksFull, OtherPayment
from workers.simulated_bank.hanging_up import be_silent, hang_up
from workers.simulated_bank.journal import Decision

BODY_BYTES_MAX = 4_096
BODY_SECONDS_MAX = 10.0
ROWS_A_PART = 1_000

_REFERENCE = re.compile(r"[A-Za-z0-9-]{1,64}")


def _above_zero(amount: str) -> str:
    if not amount.strip("0."):
        raise ValueError("must be above zero")
    return amount


class _Body(BaseModel):
    """What is asked for. Any text is a destination, but for control characters."""

    model_config = ConfigDict(strict=True, extra="forbid", alias_generator=to_camel)

    destination: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,255}$")]
    amount: Annotated[
        str, StringConstraints(pattern=r"^[0-9]{1,20}(\.[0-9]{1,9})?$"), AfterValidator(_above_zero)
    ]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{3,8}$")]
    not_after: AwareDatetime


def bank_app(bank: SimulatedBank) -> Starlette:
    """The bank as an ASGI application, to be served with `HangingUpProtocol`."""

    async def pay(request: Request) -> ASGIApp:
        bank.requests["pay"] += 1
        return _out(bank) or await _pay(bank, await _payment(request))

    async def ask(request: Request) -> ASGIApp:
        bank.requests["ask"] += 1
        return _out(bank) or _told(bank.ask(_reference(request)))

    async def books(_: Request) -> ASGIApp:
        return StreamingResponse(_books(bank), media_type="application/json")

    async def health(_: Request) -> ASGIApp:
        return JSONResponse({"status": "ok"})

    app = Starlette(
        routes=[
            Route("/payments/{reference}", pay, methods=["PUT"]),
            Route("/payments/{reference}", ask, methods=["GET"]),
            Route("/payments", books, methods=["GET"]),
            Route("/health", health, methods=["GET"]),
        ],
        exception_handlers={HTTPException: _error, Exception: _internal_error},
    )
    app.router.redirect_slashes = False
    return app


async def _pay(bank: SimulatedBank, payment: Payment) -> ASGIApp:
    fate = bank.draw_fate()
    try:
        answer = await bank.pay(payment, fate)
    except OtherPayment:
        raise HTTPException(409, "The reference is that of another payment.") from None
    except BooksFull:
        raise HTTPException(503, f"The books are full: {RECORDS_MAX} payments. Begin new ones.") from None
    except Closing:
        return hang_up
    match fate.reply:
        case Reply.SENT:
            return _told(answer)
        case Reply.CUT:
            return hang_up
        case Reply.NEVER:
            return be_silent


def _out(bank: SimulatedBank) -> ASGIApp | None:
    match bank.outage():
        case Outage.UNAVAILABLE:
            return JSONResponse({"error": "The bank is out of order."}, 503)
        case Outage.HUNG_UP:
            return hang_up
        case None:
            return None


async def _payment(request: Request) -> Payment:
    reference = _reference(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "The body must be application/json.")
    try:
        text = await receive_body(request.receive, bytes_max=BODY_BYTES_MAX, seconds_max=BODY_SECONDS_MAX)
        body = _Body.model_validate_json(text)
    except BodyTooLarge:
        raise HTTPException(413, f"The body has more than {BODY_BYTES_MAX} bytes.") from None
    except (BodyTooSlow, ClientGone):
        raise HTTPException(408, "The body did not arrive.") from None
    except ValidationError as refused:
        error = refused.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, error["loc"])) or "body"
        raise HTTPException(400, f"{where}: {error['msg'].removeprefix('Value error, ')}") from None
    return Payment(reference, body.destination, body.amount, body.currency, body.not_after)


def _reference(request: Request) -> str:
    reference: str = request.path_params["reference"]
    if not _REFERENCE.fullmatch(reference):
        raise HTTPException(400, "reference: up to 64 of A-Z, a-z, 0-9 and -")
    return reference


def _told(answer: Answer) -> Response:
    return JSONResponse({"result": answer.result, "reason": answer.reason})


async def _books(bank: SimulatedBank) -> AsyncIterator[bytes]:
    """One JSON document, in parts: others are served between them. What is paid meanwhile is not in it."""
    payments = bank.books.payments
    count = len(payments)
    yield b'{"requests":' + orjson.dumps({"pay": bank.requests["pay"], "ask": bank.requests["ask"]})
    yield b',"payments":['
    for start in range(0, count, ROWS_A_PART):
        rows = (orjson.dumps(_row(paid)) for paid in payments[start : min(start + ROWS_A_PART, count)])
        yield (b"," if start else b"") + b",\n".join(rows)
    yield b"]}\n"


def _row(paid: Decision) -> dict[str, str]:
    return {
        "reference": paid.reference,
        "amount": paid.amount,
        "currency": paid.currency,
        "destination": paid.destination,
        "paidAt": paid.at,
    }


async def _error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


async def _internal_error(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "The bank failed."}, 500)
