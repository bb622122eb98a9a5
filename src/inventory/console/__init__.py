"""The console: pages for people, rendered on the server, over the API alone.

A client of the gRPC server like the command line: the gateway mounts it and lends it the connection. It keeps no state
but short-lived answers, so any number of gateways serve it side by side. Every page is complete without JavaScript;
``static/console.js`` adds what must move.

======================  ======================================================================
``routes``              paths → pages; the outermost place of a request
``visit``               one request: who asks, what the API answers, the page that is made
``session``             cookies, the CSRF token, where a request comes from
``rendering``           templates, filters, assets
``pages``               a module for each part: it asks the API and names a template
``charts``              numbers → SVG
======================  ======================================================================
"""
