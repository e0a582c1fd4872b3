"""What went wrong, as a page: the same sentence a machine is told, and the way on."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from gateway.console.rendering import render, wants_part
from gateway.web.problems import status_of
from gateway.web.viewer import Principal
from schemas.kernel.errors import UserError

HEADINGS = {
    HTTPStatus.UNAUTHORIZED: ("请先登录", "Please sign in"),
    HTTPStatus.FORBIDDEN: ("不能这样做", "Not allowed"),
    HTTPStatus.NOT_FOUND: ("没有找到", "Not found"),
    HTTPStatus.CONFLICT: ("现在不能办理", "Not possible now"),
    HTTPStatus.TOO_MANY_REQUESTS: ("请稍候再试", "Please wait"),
    HTTPStatus.SERVICE_UNAVAILABLE: ("系统暂不可用", "Not available right now"),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("出了差错", "Something went wrong"),
}
OTHERWISE = ("请更正后再提交", "Please correct it")


def asks_for_page(request: Request) -> bool:
    """Whether a person at a browser waits for the answer, and not a machine."""
    if request.url.path.startswith("/api/"):
        return False
    return "text/html" in request.headers.get("accept", "") or wants_part(request)


def trouble_page(request: Request, error: UserError, viewer: Principal | None = None) -> Response:
    """The error as a page; whoever is not signed in is led to the sign-in, and from there back."""
    if error.code == "sign_in_needed":
        return _to_sign_in(request)
    status = status_of(error)
    return render(
        request,
        viewer,
        "trouble.html",
        status=status,
        error=error,
        heading=HEADINGS.get(status, OTHERWISE),
        retry=status is HTTPStatus.SERVICE_UNAVAILABLE,
    )


def _to_sign_in(request: Request) -> Response:
    came = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    query = f"?{urlencode({'next': came})}" if request.method == "GET" and came != "/" else ""
    if wants_part(request):
        # A part of a page must not become the sign-in form: the whole page goes there.
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Redirect": "/sign-in"})
    return RedirectResponse(f"/sign-in{query}", HTTPStatus.SEE_OTHER)


UNEXPECTED = UserError(
    "unexpected",
    zh="系统内部出了差错，已记入日志；您填写的内容没有被改动，请稍后再试。",
    en="Something went wrong inside; it has been logged. Please try again in a while.",
)
NO_PAGE = UserError("page_unknown", zh="没有这个页面。", en="There is no such page.")
