"""The query language of SpaceONE (contract, section 3): plain dicts → typed values → MongoDB filters and pipelines.

Pure: nothing here knows gRPC or a driver, and time is an argument. The way of a list request::

    query = parse_list(COLLECTOR, raw, now=clock.now())
    query = with_request_filters(query, {"state": "ENABLED"}, now=clock.now())
    query = resolve_references(query, lookup)          # lookup asks the other resource, or identity
    plan = to_mongo(query)                             # filter, projection, sort, skip, limit

stat goes the same way with ``parse_stat`` and ``to_stat_plan``, analyze with ``parse_analyze`` and ``to_analyze_plan``
(``statistics/``). The caller joins its domain to the plan's filter, sets the time limit, and
translates what MongoDB itself refuses (a pattern that PCRE does not take, an order over two lists).

No string of a client becomes an operator, and none a path outside the resource's fields (``fields.py``).
"""
