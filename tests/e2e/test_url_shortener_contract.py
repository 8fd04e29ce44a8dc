"""The HTTP contract of the URL shortener, row by row, against a running server."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

# The first test pays for the server's start, which compiles the Python component when it is not cached.
pytestmark = pytest.mark.timeout(600)

LONG = "https://example.com/very/long/path"
ID = re.compile(r"[0-9A-Za-z]{7}")
UNKNOWN = "zzzzzzz"
PATIENCE_S = 30


def shorten(client: httpx.Client, url: str = LONG, **fields: object) -> dict[str, object]:
    response = client.post("/api/shorten", json={"url": url, **fields})
    assert response.status_code == 201, response.text
    link: dict[str, object] = response.json()
    return link


def stats(client: httpx.Client, link_id: object) -> dict[str, object]:
    response = client.get(f"/api/stats/{link_id}")
    assert response.status_code == 200, response.text
    figures: dict[str, object] = response.json()
    return figures


def eventually(question: Callable[[], bool]) -> bool:
    """Ask until it holds: clicks are counted after the visitor has been answered."""
    deadline = time.monotonic() + PATIENCE_S
    while not question():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def assert_error(response: httpx.Response, status: int, *codes: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    answer = response.json()
    assert list(answer) == ["error"]
    assert sorted(answer["error"]) == ["code", "message"]
    assert answer["error"]["code"] in codes
    assert answer["error"]["message"]


class TestShorten:
    def test_a_url_is_given_a_short_one(self, client: httpx.Client, shortener_url: str) -> None:
        before = int(time.time())
        response = client.post("/api/shorten", json={"url": LONG, "ttl_seconds": 60})
        assert response.status_code == 201
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        link = response.json()
        assert sorted(link) == ["click_count", "created_at", "expires_at", "id", "original", "short_url"]
        assert ID.fullmatch(link["id"])
        assert link["short_url"] == response.headers["location"] == f"{shortener_url}/{link['id']}"
        assert (link["original"], link["click_count"]) == (LONG, 0)
        assert before <= link["created_at"] <= time.time()
        assert link["expires_at"] == link["created_at"] + 60

    def test_without_a_time_to_live_it_never_expires(self, client: httpx.Client) -> None:
        assert shorten(client)["expires_at"] is None
        assert shorten(client, ttl_seconds=None)["expires_at"] is None

    def test_the_short_url_has_the_origin_that_the_client_used(self, client: httpx.Client) -> None:
        response = client.post("/api/shorten", json={"url": LONG}, headers={"host": "s.example:8080"})
        assert response.json()["short_url"] == f"http://s.example:8080/{response.json()['id']}"

    def test_the_same_url_is_given_another_id_each_time(self, client: httpx.Client) -> None:
        assert shorten(client)["id"] != shorten(client)["id"]

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"nonsense", b"\xff\xfe", b"[]", b'"https://example.com"', b"null", b'{"url": "https://a.b"} x'],
    )
    def test_a_body_that_is_no_json_object_is_refused(self, client: httpx.Client, body: bytes) -> None:
        assert_error(client.post("/api/shorten", content=body), 400, "invalid-request")

    @pytest.mark.parametrize("body", [{}, {"url": None}, {"url": 5}, {"URL": LONG}])
    def test_a_missing_url_is_refused(self, client: httpx.Client, body: dict[str, object]) -> None:
        response = client.post("/api/shorten", json=body)
        assert_error(response, 400, "invalid-request")
        assert "`url`" in response.json()["error"]["message"]

    @pytest.mark.parametrize("url", ["ftp://example.com/", "javascript:alert(1)", "example.com", "", "/path"])
    def test_other_schemes_than_http_and_https_are_refused(self, client: httpx.Client, url: str) -> None:
        assert_error(client.post("/api/shorten", json={"url": url}), 400, "invalid-url")

    def test_a_url_over_2048_characters_is_refused(self, client: httpx.Client) -> None:
        longest = f"{LONG}/{'é' * (2047 - len(LONG))}"
        assert shorten(client, longest)["original"] == longest
        response = client.post("/api/shorten", json={"url": f"{longest}é"})
        assert_error(response, 400, "invalid-url")
        assert "2048" in response.json()["error"]["message"]

    def test_a_far_longer_url_is_refused_in_the_same_way(self, client: httpx.Client) -> None:
        assert_error(client.post("/api/shorten", json={"url": f"{LONG}/{'a' * 200_000}"}), 400, "invalid-url")

    @pytest.mark.parametrize("url", ["https://", "https:///path", "http://?query", "http://:80/"])
    def test_a_missing_host_is_refused(self, client: httpx.Client, url: str) -> None:
        response = client.post("/api/shorten", json={"url": url})
        assert_error(response, 400, "invalid-url")
        assert "host" in response.json()["error"]["message"]

    @pytest.mark.parametrize("ttl", [-1, 1.5, "60", True, 2**64])
    def test_a_bad_time_to_live_is_refused(self, client: httpx.Client, ttl: object) -> None:
        response = client.post("/api/shorten", json={"url": LONG, "ttl_seconds": ttl})
        assert_error(response, 400, "invalid-request")
        assert "`ttl_seconds`" in response.json()["error"]["message"]

    def test_a_line_break_cannot_reach_the_headers(self, client: httpx.Client) -> None:
        url = f"{LONG}\r\nset-cookie: a=b"
        assert_error(client.post("/api/shorten", json={"url": url}), 400, "invalid-url")


class TestResolve:
    def test_a_link_is_resolved_to_its_record(self, client: httpx.Client) -> None:
        link = shorten(client, "https://example.com/straße?q=ü")
        response = client.get(f"/api/resolve/{link['id']}")
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert response.json() == {
            "id": link["id"],
            "original": "https://example.com/straße?q=ü",
            "created_at": link["created_at"],
            "click_count": 0,
        }

    @pytest.mark.parametrize("link_id", [UNKNOWN, "short", "far-too-long-for-an-id", "%2e%2e%2f", "äöü"])
    def test_an_unknown_link_is_not_found(self, client: httpx.Client, link_id: str) -> None:
        assert_error(client.get(f"/api/resolve/{link_id}"), 404, "not-found")

    def test_an_expired_link_has_expired(self, client: httpx.Client) -> None:
        link = shorten(client, ttl_seconds=1)
        assert eventually(lambda: client.get(f"/api/resolve/{link['id']}").status_code == 410)
        assert_error(client.get(f"/api/resolve/{link['id']}"), 410, "expired")

    def test_resolving_counts_no_click(self, client: httpx.Client) -> None:
        link = shorten(client)
        client.get(f"/api/resolve/{link['id']}")
        assert stats(client, link["id"])["total_clicks"] == 0


class TestDelete:
    def test_a_deleted_link_is_gone(self, client: httpx.Client) -> None:
        link = shorten(client)
        response = client.delete(f"/api/urls/{link['id']}")
        assert (response.status_code, response.content) == (204, b"")
        assert_error(client.get(f"/api/resolve/{link['id']}"), 404, "not-found")
        assert_error(client.get(f"/{link['id']}"), 404, "not-found")
        assert_error(client.get(f"/api/stats/{link['id']}"), 404, "not-found")

    def test_a_link_can_be_deleted_once(self, client: httpx.Client) -> None:
        link = shorten(client)
        client.delete(f"/api/urls/{link['id']}")
        assert_error(client.delete(f"/api/urls/{link['id']}"), 404, "not-found")

    @pytest.mark.parametrize("link_id", [UNKNOWN, "short"])
    def test_an_unknown_link_is_not_found(self, client: httpx.Client, link_id: str) -> None:
        assert_error(client.delete(f"/api/urls/{link_id}"), 404, "not-found")


class TestRedirect:
    def test_a_visitor_is_sent_on(self, client: httpx.Client) -> None:
        response = client.get(f"/{shorten(client)['id']}")
        assert (response.status_code, response.headers["location"]) == (302, LONG)

    def test_a_location_is_ascii(self, client: httpx.Client) -> None:
        link = shorten(client, "https://bücher.example/straße")
        location = client.get(f"/{link['id']}").headers["location"]
        assert location == "https://b%C3%BCcher.example/stra%C3%9Fe"

    def test_a_visit_is_counted_as_a_click(self, client: httpx.Client) -> None:
        link_id = shorten(client)["id"]
        client.get(f"/{link_id}")
        assert eventually(lambda: client.get(f"/api/resolve/{link_id}").json()["click_count"] == 1)

    def test_a_head_request_is_no_click(self, client: httpx.Client) -> None:
        link_id = shorten(client)["id"]
        response = client.head(f"/{link_id}")
        assert (response.status_code, response.headers["location"]) == (302, LONG)
        client.get(f"/{link_id}")
        assert eventually(lambda: stats(client, link_id)["total_clicks"] == 1)

    @pytest.mark.parametrize("path", [f"/{UNKNOWN}", "/short", "/favicon.ico"])
    def test_an_unknown_link_is_not_found(self, client: httpx.Client, path: str) -> None:
        assert_error(client.get(path), 404, "not-found")

    def test_an_expired_link_has_expired(self, client: httpx.Client) -> None:
        assert_error(client.get(f"/{shorten(client, ttl_seconds=0)['id']}"), 410, "expired")


class TestStatistics:
    def test_a_link_without_clicks_has_zeros(self, client: httpx.Client) -> None:
        link_id = shorten(client)["id"]
        expected = {"url_id": link_id, "total_clicks": 0, "unique_clicks": 0, "clicks_by_hour": []}
        assert stats(client, link_id) == expected

    def test_clicks_are_counted_by_hour_and_visitor(self, client: httpx.Client) -> None:
        link_id = shorten(client)["id"]
        first_hour = int(time.time()) // 3600 * 3600
        for agent in ("one", "other", "one"):
            client.get(f"/{link_id}", headers={"user-agent": agent})
        assert eventually(lambda: stats(client, link_id)["total_clicks"] == 3)
        figures = stats(client, link_id)
        assert figures["unique_clicks"] == 2
        hours = figures["clicks_by_hour"]
        assert isinstance(hours, list)
        assert sum(count for _, count in hours) == 3
        assert all(start % 3600 == 0 and first_hour <= start <= time.time() for start, _ in hours)

    def test_no_click_is_lost_when_many_come_at_once(self, client: httpx.Client) -> None:
        link_id = shorten(client)["id"]
        agents = [f"agent {number % 5}" for number in range(60)]
        with ThreadPoolExecutor(12) as threads:
            visits = threads.map(lambda agent: client.get(f"/{link_id}", headers={"user-agent": agent}), agents)
            assert {visit.status_code for visit in visits} == {302}
        assert eventually(lambda: stats(client, link_id)["total_clicks"] == 60)
        assert stats(client, link_id)["unique_clicks"] == 5
        # The counter is raised behind the figures, by guests that may pause in between.
        assert eventually(lambda: client.get(f"/api/resolve/{link_id}").json()["click_count"] == 60)

    @pytest.mark.parametrize("link_id", [UNKNOWN, "short", "%2e%2e%2f"])
    def test_an_unknown_link_is_not_found(self, client: httpx.Client, link_id: str) -> None:
        assert_error(client.get(f"/api/stats/{link_id}"), 404, "not-found")

    def test_an_expired_link_keeps_its_figures(self, client: httpx.Client) -> None:
        assert stats(client, shorten(client, ttl_seconds=0)["id"])["total_clicks"] == 0

    @pytest.mark.parametrize("headers", [{}, {"spin-client-addr": "0.0.0.0:0"}, {"host": "analytics.spin.internal"}])
    def test_clicks_cannot_be_reported_from_outside(self, client: httpx.Client, headers: dict[str, str]) -> None:
        link_id = shorten(client)["id"]
        click = {"url_id": link_id, "timestamp": int(time.time()), "ip": "192.0.2.1"}
        for path in ("/track", f"/api/stats/{link_id}", "/api/stats/track"):
            response = client.post(path, json=click, headers=headers)
            assert response.status_code in {400, 404, 405}
        assert stats(client, link_id)["total_clicks"] == 0


class TestPage:
    @pytest.mark.parametrize(
        ("path", "content_type"),
        [
            ("/", "text/html; charset=utf-8"),
            ("/app.css", "text/css; charset=utf-8"),
            ("/app.js", "text/javascript; charset=utf-8"),
            ("/icon.svg", "image/svg+xml"),
        ],
    )
    def test_its_files_are_served_under_a_strict_policy(
        self, client: httpx.Client, path: str, content_type: str
    ) -> None:
        response = client.get(path)
        assert (response.status_code, response.headers["content-type"]) == (200, content_type)
        assert response.headers["content-security-policy"].startswith("default-src 'none';")
        again = client.get(path, headers={"if-none-match": response.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


class TestMethods:
    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("GET", "/api/shorten", "POST"),
            ("PUT", "/api/shorten", "POST"),
            ("POST", f"/api/resolve/{UNKNOWN}", "GET, HEAD"),
            ("GET", f"/api/urls/{UNKNOWN}", "DELETE"),
            ("POST", f"/{UNKNOWN}", "GET, HEAD"),
            ("DELETE", f"/api/stats/{UNKNOWN}", "GET, HEAD"),
            ("POST", "/", "GET, HEAD"),
        ],
    )
    def test_another_method_is_told_which_are_allowed(
        self, client: httpx.Client, method: str, path: str, allowed: str
    ) -> None:
        response = client.request(method, path)
        assert_error(response, 405, "method-not-allowed")
        assert response.headers["allow"] == allowed

    @pytest.mark.parametrize("path", ["/api", "/api/other", "/api/shorten/more", "/api/urls"])
    def test_other_paths_are_not_found(self, client: httpx.Client, path: str) -> None:
        assert_error(client.get(path), 404, "not-found")


class TestRateLimit:
    def test_too_many_links_from_one_address_are_refused_for_a_while(self, client: httpx.Client) -> None:
        answers = (client.post("/api/shorten", json={"url": LONG}) for _ in range(1000))
        refusal = next(response for response in answers if response.status_code != 201)
        assert_error(refusal, 429, "rate-limited")
        seconds = int(refusal.headers["retry-after"])
        assert 1 <= seconds <= 60
        time.sleep(seconds)
        assert shorten(client)["original"] == LONG
