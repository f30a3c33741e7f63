"""A SCIM service of somebody else on loopback: scim2-server with its memory, strict as it comes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from scim2_models import EnterpriseUser, Group, ResourceType, ScimProvider, ServiceProviderConfig, User
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BearerTokenApplication
from scim2_server.utils import load_default_service_provider_config

TOKEN = "token-of-the-application"


@dataclass
class OtherScim:
    """Where it is, what it holds, and how it answers: `trouble`: statuses that the next requests get instead."""

    url: str
    storage: InMemoryStorage
    trouble: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def people(self) -> dict[str, Any]:
        """The people it holds, by username."""
        return {str(one.user_name): one for one in self.storage.resources if isinstance(one, User)}


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _provider() -> ScimProvider:
    config: ServiceProviderConfig = load_default_service_provider_config()
    types = [ResourceType.from_resource(User[EnterpriseUser]), ResourceType.from_resource(Group)]
    return ScimProvider(models=[User, EnterpriseUser, Group], resource_types=types, config=config)


@contextmanager
def other_scim() -> Iterator[OtherScim]:
    """The service, until the end of the block."""
    storage = InMemoryStorage()
    application = BearerTokenApplication(storage, _provider(), bearer_tokens=[TOKEN])
    found = OtherScim("", storage)

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        found.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if found.trouble and "/Schemas" not in environ["PATH_INFO"]:
            start_response(f"{found.trouble.pop(0)} Trouble", [("Content-Length", "0")])
            return []
        return application(environ, start_response)

    server = make_server("127.0.0.1", 0, answer, handler_class=_Quiet)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
