"""Who is asking: accounts, passwords, bearer tokens, sessions, and a throttle on guessing."""
