"""The query language of SpaceONE (contract, section 3): plain dicts → typed values → MongoDB filters and pipelines.

Pure: nothing here knows gRPC or a driver, and time is an argument. The steps of a list request::

    query = parse_list(COLLECTOR, raw, now=clock.now())
    query = with_request_filters(query, {"state": "ENABLED"}, now=clock.now())
    query = resolve_references(query, lookup)          # lookup queries the other resource, or identity
    plan = to_mongo(query)                             # filter, projection, sort, skip, limit

stat is processed likewise with ``parse_stat`` and ``to_stat_plan``, analyze with ``parse_analyze`` and
``to_analyze_plan`` (``statistics/``). The caller adds its domain to the plan's filter, sets the time limit, and
translates errors that MongoDB itself reports (a pattern that PCRE rejects, an order over two lists).

No string of a client becomes an operator, or a path outside the resource's fields (``fields.py``).
"""
