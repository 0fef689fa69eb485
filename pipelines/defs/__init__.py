"""Where `dg` looks for definitions it loads by itself. There are none: `pipelines.definitions` builds them all."""
