"""Several machines and what goes wrong with them: real processes, a real PostgreSQL with its replica."""
