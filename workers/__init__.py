"""What happens later, in processes beside the API: withdrawals, queued work, upkeep; and the bank that pays."""
