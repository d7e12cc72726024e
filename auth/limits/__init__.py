"""How many operations a minute one account, or one address, may ask for, counted for all processes together."""
