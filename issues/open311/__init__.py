"""Open311 GeoReport v2, as a server: what programs of others ask of a community, and reports that they send.

Words of the specification are used here: a *service* is a category, a *service request* a report, an *attribute* a
question. docs/open311.md tells developers everything; docs/decisions/0040 why it is so.
"""
