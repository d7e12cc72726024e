"""`purser reconcile`: the ledger, proven from its tables."""

import click

from commandline.command import Command
from commandline.database import load_settings, on_database, reach_database
from commandline.results import NotPrinted, Refused, json_option


class _NotFoundOut(Refused):
    """Neither well nor wrong."""

    exit_code = 2


@click.command(
    cls=Command,
    examples=[
        ("Beside the running service", "purser reconcile"),
        ("Each night from cron, which mails what is on standard error", "purser reconcile > reconcile.log"),
        (
            "The names of the checks that found something",
            "purser reconcile --json | jq -r '.checks[] | select(.fault_count > 0).name'",
        ),
    ],
    exits={
        0: "All is well.",
        1: "Something is wrong: a line tells of each fault.",
        2: "It could not be found out, or the command line makes no sense.",
    },
)
@json_option
def reconcile(as_json: bool) -> None:
    """Prove that the ledger is right, from its tables.

    All checks look at one snapshot, beside whatever the service is doing: nobody waits for it, and nothing is changed.
    docs/reconciling.md tells what each of them proves.
    """
    import asyncio

    from commandline.findings import tell_findings

    try:
        settings = load_settings()
        if settings.database_url is None and not settings.data_dir.exists():
            message = f"There is no ledger in {settings.data_dir}. Set PURSER_DATA_DIR or DATABASE_URL."
            raise Refused("NO_LEDGER", message)
        with reach_database(settings) as dsn:
            is_well = on_database(lambda: asyncio.run(tell_findings(dsn, as_json=as_json)))
    except Refused as refused:
        raise _NotFoundOut(refused.code, refused.message) from None
    except NotPrinted as lost:
        lost.show()
        raise SystemExit(_NotFoundOut.exit_code) from None
    raise SystemExit(0 if is_well else 1)
