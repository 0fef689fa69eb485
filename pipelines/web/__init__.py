"""The HTTP servers that are started here. None is started without what `cross_site` puts in front of it."""
