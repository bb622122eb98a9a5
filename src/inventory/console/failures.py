"""Errors as pages in the usual frame that say what to do."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from inventory.console.api import FORBIDDEN, NOT_FOUND, UNAUTHENTICATED, ApiError
from inventory.console.visit import Visit

WRONG_VERB: Final = 405
_UNAVAILABLE: Final = 503
MISSING_PAGE: Final = ApiError(NOT_FOUND, "ERROR_NOT_FOUND", "There is no such page.")
WRONG_VERB_ERROR: Final = ApiError(WRONG_VERB, "ERROR_UNSUPPORTED_API", "The page does not support this HTTP method.")
FOREIGN_FORM: Final = ApiError(
    FORBIDDEN,
    "ERROR_FOREIGN_FORM",
    "The form was not sent from a page of this session. Nothing was changed. Open the page again, and resubmit it.",
)
NO_FORM: Final = ApiError(415, "ERROR_UNSUPPORTED_MEDIA_TYPE", "The request is not a form.")
LARGE_FORM: Final = ApiError(413, "ERROR_LIMIT_EXCEEDED", "The form is larger than 1 MiB. Nothing was changed.")
SLOW_FORM: Final = ApiError(408, "ERROR_REQUEST_TIMEOUT", "The form did not arrive in time. Nothing was changed.")

_TITLES: Final = {
    400: "The request is invalid",
    401: "Sign in",
    403: "Not allowed",
    404: "Not found",
    405: "Not allowed",
    408: "The form did not arrive",
    409: "The request is invalid",
    413: "The form is too large",
    415: "That is not a form",
    421: "Not under this name",
    429: "Too many requests",
    503: "The server is unreachable",
    504: "It took too long",
}
_ADVICE: Final = {
    400: "Go back, and correct the value named above.",
    403: "Your token lacks the permission, or the object belongs to another project. Ask whoever assigns roles in your "
    "domain.",
    404: "It may have been deleted, or belong to another domain. Look for it in the list, or search for its name.",
    408: "Send the form again.",
    413: "Enter less, or use the command line or the API.",
    415: "Send forms from the console's own pages. Programs use the API: see /docs.",
    421: "Open http://127.0.0.1 or http://localhost with the port of this address.",
    409: "It was changed by somebody else meanwhile. Reload the page.",
    429: "Wait a moment, then reload the page. If that does not help, run `inventory doctor` on the server's machine: "
    "calls also pile up while MongoDB does not answer.",
    503: "Nothing is lost: reload the page in a few seconds. If that does not help, run `inventory doctor` on the "
    "server's machine: it shows which part is unreachable, and how to fix it.",
    504: "Request less data: add a filter, or choose a smaller part. `inventory doctor` shows what is slow.",
}
_OTHER: Final = "If it happens again, give your operator the transaction id below: the log has the details under it."


def unknown(transaction_id: str) -> ApiError:
    """Return the error for an unexpected failure; the log has the traceback."""
    return ApiError(500, "ERROR_UNKNOWN", f"An unexpected error occurred. (transaction_id = {transaction_id})")


def status_of(error: ApiError) -> int:
    """Return the HTTP status of a page about an error: an id that does not exist is 404 here."""
    return NOT_FOUND if error.code == "ERROR_NOT_FOUND" else error.status


def page_of(visit: Visit, error: ApiError) -> Response:
    """Return the page for an error; if a token or a domain is missing, the page that asks for it."""
    status = status_of(error)
    here = visit.url() if visit.request.method == "GET" else "/"
    if status == UNAUTHENTICATED:
        said = "The server does not accept the token: it may have expired." if visit.session.token else ""
        response = visit.render("login.html", status=status, next=here, said=said, error=error)
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    if error.needs_domain:
        return visit.render("domain.html", status=status, next=here, error=error)
    response = visit.render(
        "error.html",
        status=status,
        error=error,
        shown_status=status,
        heading=_TITLES.get(status, "Something went wrong"),
        advice=_ADVICE.get(status, _OTHER),
    )
    if status == _UNAVAILABLE:
        response.headers["Retry-After"] = "3"
    return response
