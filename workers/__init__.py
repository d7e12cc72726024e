"""What happens later: withdrawals, queued work, upkeep; and the bank that withdrawals are paid through."""
