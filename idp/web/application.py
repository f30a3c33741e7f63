"""The Flask application and its answers, less what no request of ours needs: half of what the framework takes of a request."""

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from flask import Flask, Request, Response
from flask.ctx import AppContext, RequestContext
from flask.globals import _cv_app, request_ctx
from werkzeug.datastructures import Headers
from werkzeug.routing import MapAdapter, Rule

from idp.at_hand import this_request

Function = TypeVar("Function", bound=Callable[..., Any])
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")  # RFC 3986 §2: nothing in it is left to be escaped
WITHOUT_BODY = (204, 304)


class Answer(Response):
    """An answer. What is whole goes to the server as one list, which it sends in one piece; an iterator costs it 40 µs more."""

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        """The headers as they go out; copied and looked through only where something may have to be mended."""
        if not self._is_whole() or (300 <= self.status_code < 400 and not _URI.fullmatch(self.headers.get("Location", ""))):
            return super().get_wsgi_headers(environ)
        if "Content-Length" not in self.headers:
            self.headers["Content-Length"] = str(sum(map(len, self.iter_encoded())))
        return self.headers

    def get_app_iter(self, environ: dict[str, Any]) -> Iterable[bytes]:
        """The body; none for HEAD."""
        if not self._is_whole() or self._on_close or environ["REQUEST_METHOD"] == "HEAD":
            return super().get_app_iter(environ)
        return list(self.iter_encoded())

    def _is_whole(self) -> bool:
        return self.is_sequence and not self.direct_passthrough and self.status_code >= 200 and self.status_code not in WITHOUT_BODY


class Route(Rule):
    """A route whose address is made out of its parameters by code that is compiled when first needed: for two hundred routes at once it
    takes 45 ms, nearly all that making the application takes, of each command and each worker's start."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_now, name = super()._compile_builder, "_build_unknown" if append_unknown else "_build"

        def compile_and_build(route: Route, **values: Any) -> tuple[str, str]:
            builder = compile_now(append_unknown).__get__(route, None)
            setattr(route, name, builder)
            built: tuple[str, str] = builder(**values)
            return built

        return compile_and_build


class Context(AppContext):
    """The application's context as Flask has it, without its two signals."""

    def push(self) -> None:
        """Begin it."""
        self._cv_tokens.append(_cv_app.set(self))

    def pop(self, exc: BaseException | None = None) -> None:
        """End it, and what it held with it."""
        try:
            if len(self._cv_tokens) == 1:
                self.app.do_teardown_appcontext(exc)
        finally:
            _cv_app.reset(self._cv_tokens.pop())


class Asked(RequestContext):
    """A request, whose route is found by its address alone where a route has no parameters: as most that applications call."""

    def match_request(self) -> None:
        """Find the route."""
        asked, known = self.request, self.app.extensions.setdefault("hopnhat.fixed_routes", {})
        asked.url_rule = known.get((asked.method, asked.path))
        if asked.url_rule is not None:
            asked.view_args = {}
            return
        super().match_request()
        rule = asked.url_rule
        if rule is not None and rule.rule == asked.path and not rule.arguments:
            known[asked.method, asked.path] = rule  # as many as there are routes, whatever is asked for


class Application(Flask):
    """Flask at one address: the issuer's, which the server puts in place of the Host header. Nothing listens to Flask's signals, and
    no blueprint lies in another; that left out, a bare request takes 36 µs instead of 46."""

    response_class = Answer
    url_rule_class = Route

    def app_context(self) -> AppContext:
        """A context that tells nobody that it begins and ends."""
        return Context(self)

    def request_context(self, environ: dict[str, Any]) -> RequestContext:
        """The context of one request."""
        return Asked(self, environ)

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """What was asked to be done at the end of a request, if anything was."""
        if self.teardown_request_funcs:
            super().do_teardown_request(exc)

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """The same, of a context."""
        if self.teardown_appcontext_funcs:
            super().do_teardown_appcontext(exc)

    def ensure_sync(self, func: Function) -> Function:
        """No view is async; asking each time costs 20 µs a request."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Routes are looked up at the address that the environment names; it is ours and needs no check."""
        if request is None:
            return super().create_url_adapter(request)
        environ = request.environ
        address, scheme, script = environ["HTTP_HOST"], environ["wsgi.url_scheme"], request.root_path or "/"
        return MapAdapter(self.url_map, address, script, "", scheme, request.path, request.method, environ.get("QUERY_STRING", ""))

    def full_dispatch_request(self) -> Response:
        """The hooks before, the view, the hooks after; what any of them raises is handled (as Flask does, without its signals)."""
        self._got_first_request = True
        try:
            answer = self.preprocess_request()
            if answer is None:
                answer = self.dispatch_request()
        except Exception as trouble:  # noqa: BLE001 - every one has its answer
            answer = self.handle_user_exception(trouble)
        return self.process_response(self.make_response(answer))

    def preprocess_request(self) -> Any:
        """The hooks before a request: the application's, then the blueprint's. The first that answers ends it."""
        hooks, blueprint = self.before_request_funcs, this_request().blueprint
        for hook in (*hooks.get(None, ()), *(hooks.get(blueprint, ()) if blueprint else ())):
            answer = hook()
            if answer is not None:
                return answer
        return None

    def make_response(self, rv: Any) -> Response:
        """What a view gave, as an Answer."""
        if type(rv) is Response:
            rv.__class__ = Answer
            return rv
        return super().make_response(rv)

    def process_response(self, response: Response) -> Response:
        """The hooks after a request, and the page cookie."""
        context, hooks = request_ctx._get_current_object(), self.after_request_funcs  # type: ignore[attr-defined]
        blueprint = context.request.blueprint
        for hook in (*context._after_request_functions, *(hooks.get(blueprint, ()) if blueprint else ()), *hooks.get(None, ())):
            response = hook(response)
        self.session_interface.save_session(self, context._session, response)
        return response
