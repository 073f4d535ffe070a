"""Money that comes in from outside: the provider contract, merchant accounts, attempts and facts."""
