"""How the simulated bank behaves: pure functions of what it was told, of a seeded generator, and of the time."""

from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import NamedTuple

from workers.bank import Answer, Result

# No latency is longer than so many means: one unlucky payment must not outlast all patience.
LATENCY_MEANS_MAX = 10
# Outages begin and end with a slot; those side by side are one.
OUTAGE_SLOT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the operator decides. All but the latency are shares, from 0 to 1.

    success_rate    of the payments that are not refused, those that are made; the others fail
    latency_ms      from a request's arrival to the decision, the mean of an exponential distribution
    lost_replies    of the decided payments, those whose caller never hears of it
    refusals        of the payments, those that are refused for good
    duplicates      of the requests whose reference is known, those that are taken for new payments all the same
    outages         of the time, that in which no payment is taken and none is told of
    """

    success_rate: float = 0.7
    latency_ms: int = 100
    lost_replies: float = 0.0
    refusals: float = 0.0
    duplicates: float = 0.0
    outages: float = 0.0


class Reply(Enum):
    """What becomes of the reply to a payment."""

    SENT = "SENT"
    CUT = "CUT"
    """The connection is closed instead."""
    NEVER = "NEVER"
    """Nothing comes, for longer than anybody waits."""


class Outage(Enum):
    """What an outage looks like from outside."""

    UNAVAILABLE = "UNAVAILABLE"
    """503."""
    HUNG_UP = "HUNG_UP"
    """The connection is closed without an answer."""


class Fate(NamedTuple):
    """All the luck that one request will have, drawn when it comes."""

    latency_seconds: float
    result: Result
    repeats: bool
    """It is a payment of its own even where its reference is known."""
    reply: Reply


def draw_fate(behaviour: Behaviour, generator: Random) -> Fate:
    """The luck of the next request. Takes as many numbers each time, so that one does not change the next one's."""
    latency_means = min(generator.expovariate(1.0), LATENCY_MEANS_MAX)
    is_refused = generator.random() < behaviour.refusals
    is_paid = generator.random() < behaviour.success_rate
    repeats = generator.random() < behaviour.duplicates
    is_lost = generator.random() < behaviour.lost_replies
    is_cut = generator.random() < 0.5
    return Fate(
        latency_means * behaviour.latency_ms / 1000,
        Result.REFUSED if is_refused else Result.PAID if is_paid else Result.FAILED,
        repeats,
        Reply.SENT if not is_lost else Reply.CUT if is_cut else Reply.NEVER,
    )


def decide(fate: Fate, *, is_late: bool, was_paid: bool) -> Answer:
    """What becomes of a payment at the end of its latency.

    `is_late`: its `not_after` has passed. `was_paid`: its reference has been paid, and this is another payment.
    """
    if is_late:
        return Answer(Result.FAILED, "TOO_LATE")
    if was_paid or fate.result is Result.PAID:
        return Answer(Result.PAID)
    if fate.result is Result.REFUSED:
        return Answer(Result.REFUSED, "UNKNOWN_ACCOUNT")
    return Answer(Result.FAILED, "TRY_AGAIN")


def outage_at(behaviour: Behaviour, seed: int, seconds: float) -> Outage | None:
    """The outage at this time since the bank's start, None where there is none."""
    slot = Random(f"{seed}:{int(seconds // OUTAGE_SLOT_SECONDS)}")  # noqa: S311 - luck, and no secret
    if slot.random() >= behaviour.outages:
        return None
    return slot.choice((Outage.UNAVAILABLE, Outage.HUNG_UP))
