"""JSON over HTTP, as any client of the service speaks it."""

from typing import Any, Final

import httpx

from demo.expectations import Unexpected

Json = dict[str, Any]

TIMEOUT_S: Final = 60


class Refused(Unexpected):
    """The service answered with a problem (RFC 9457)."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        problem = _problem(response)
        self.code = str(problem.get("code", ""))
        asked = f"{response.request.method} {response.request.url.path}"
        reasons = [self.code, problem.get("detail"), problem.get("errors")]
        said = ": ".join(str(reason) for reason in reasons if reason)
        super().__init__(f"{asked} was answered {self.status} {said}")


def _problem(response: httpx.Response) -> Json:
    try:
        problem = response.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


class Api:
    """`url` is the service's origin; `authorization` the whole header's value."""

    def __init__(self, url: str, *, authorization: str = "") -> None:
        headers = {"Authorization": authorization} if authorization else {}
        # The service is on this machine: whatever proxies the environment names are not for it.
        self.http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S, trust_env=False)

    @classmethod
    def sign_in(cls, url: str, *, username: str, password: str) -> "Api":
        """As staff. Raises `Refused` when the service doesn't know them."""
        answer = cls(url).post("auth/token", username=username, password=password)
        return cls(url, authorization=f"Token {answer['token']}")

    def get(self, path: str, **query: str) -> Json:
        return self._json(self.http.get(f"/api/v1/{path}", params=query))

    def post(self, path: str, **body: Any) -> Json:
        return self._json(self.http.post(f"/api/v1/{path}", json=body))

    def put(self, path: str, **body: Any) -> Json:
        return self._json(self.http.put(f"/api/v1/{path}", json=body))

    def put_file(self, path: str, content: bytes, *, content_type: str) -> Json:
        headers = {"Content-Type": content_type}
        return self._json(self.http.put(f"/api/v1/{path}", content=content, headers=headers))

    def follow(self, link: str) -> Json:
        """The page of a list that the service linked to."""
        return self._json(self.http.get(link))

    @staticmethod
    def _json(response: httpx.Response) -> Json:
        if response.is_error:
            raise Refused(response)
        answer: Json = response.json()
        return answer
