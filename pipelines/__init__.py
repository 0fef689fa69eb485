"""When and how it runs: definitions, jobs, schedules, freshness, runs, command line."""
