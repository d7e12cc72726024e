"""The command line: `purser serve` and what an operator does beside it; a file each in commandline/."""

import click

from commandline.bank import bank_process, bank_simulator
from commandline.command import Commands
from commandline.create_admin import create_admin
from commandline.export_schema import export_schema
from commandline.migrate import migrate
from commandline.partitions import partitions
from commandline.rebalance import rebalance
from commandline.reconcile import reconcile
from commandline.seed import seed
from commandline.serve import api_process, serve
from commandline.worker import worker, worker_process

# What is heavy is imported by the command that uses it: somebody waits for `purser serve`.


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    examples=[
        ("Start the service, with a PostgreSQL of its own", "purser serve"),
        ("Make the first administrator", "purser create-admin ada@example.com"),
        ("Prove that the ledger is right, beside the running service", "purser reconcile"),
    ],
)
@click.version_option(package_name="purser", prog_name="purser")
def main() -> None:
    """Purser: wallets that others may charge, through one GraphQL API.

    Every setting is an environment variable with the prefix PURSER_; README.md has them in a table, and docs/cli.md
    has more about these commands. `purser COMMAND --help` shows examples of one.
    """


main.add("Run it", serve, worker, bank_simulator)
main.add("Look after it", migrate, create_admin, reconcile, partitions, rebalance)
main.add("Develop", seed, export_schema)
# The processes of `purser serve`; hidden.
for process in (api_process, worker_process, bank_process):
    main.add_command(process)


if __name__ == "__main__":
    main(prog_name="purser")
