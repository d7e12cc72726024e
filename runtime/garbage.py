"""When Python's garbage collector looks for cycles, in a process that serves."""

import gc


def collect_rarely() -> None:
    """To be called once everything that stays has been made.

    It lives as long as the process, so the collector need not look at it again. And a batch of charges makes
    some ten thousand objects that live until it commits: with the usual threshold of 700 each batch would be
    looked through a dozen times for cycles that are not there. Measured by `make bench`: a fifth more charges a
    second by the ledger in process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
