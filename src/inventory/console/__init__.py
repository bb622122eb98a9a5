"""The console: pages for people, rendered on the server, using only the API.

Like the command line, it is a client of the gRPC server: the gateway mounts it and provides the connection. It keeps no
state except short-lived answers, so any number of gateways can serve it. Every page is complete without JavaScript;
``static/console.js`` adds updates.

======================  ======================================================================
``routes``              paths → pages; the outermost frame of a request
``visit``               one request: who asks, the API's answers, the resulting page
``session``             cookies, the CSRF token, the origin of a request
``rendering``           templates, filters, assets
``pages``               one module per part: it queries the API and names a template
``charts``              numbers → SVG
======================  ======================================================================
"""
