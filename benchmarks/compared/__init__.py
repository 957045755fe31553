"""Open waits in this system beside what a user would pick instead; see ``waits_compared``."""
