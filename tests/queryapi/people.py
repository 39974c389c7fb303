"""People in browsers: signed in by their passwords, against the real application."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import psycopg

from shared.setup_link import make_setup_token
from shared.tokens import make_token
from tests.queryapi.rig import NOW, Api, running, settings_for

HOST = "http://queryapi"
ADA = {"email": "ada@example.com", "name": "Ada", "password": "correct horse battery"}
SESSION = "/api/v1/session"
SETUP = "/api/v1/setup"
USERS = "/api/v1/users"
ORIGIN = {"origin": HOST}
COOKIE = "analytics_session"


def put_setup_link(database: str) -> str:
    """The token of a set-up link that has just been printed."""
    token = make_setup_token()
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM setup_link")
        connection.execute(
            "INSERT INTO setup_link (digest, expires_at) VALUES (%s, %s)", (token.digest, NOW + timedelta(minutes=30))
        )
    return token.text


@asynccontextmanager
async def open_installation(database: str, **environ: str) -> AsyncGenerator[Api]:
    """The application, that nobody can sign in to yet."""
    async with running(settings_for(database, **environ)) as api:
        yield api


def browser(api: Api, host: str = HOST, address: str = "192.0.2.1", **headers: str) -> httpx.AsyncClient:
    """A browser with a jar for its cookies, on a page of ours."""
    transport = httpx.ASGITransport(app=api.app, client=(address, 1234))
    return httpx.AsyncClient(transport=transport, base_url=host, headers={"origin": host, **headers})


def owner(api: Api) -> dict[str, str]:
    """The headers of a token for everything."""
    token = make_token(api.settings, lambda: NOW, role="owner", websites=None)
    return {"authorization": f"Bearer {token}"}


async def add_user(api: Api, email: str, role: str = "viewer", websites: list[str] | None = None) -> dict[str, object]:
    """The new user, with the `password` that was made."""
    async with browser(api) as client:
        asked = {"email": email, "role": role, "websites": websites}
        answer = await client.post(USERS, json=asked, headers=owner(api))
    assert answer.status_code == 201, answer.content
    return answer.json()


async def sign_in(client: httpx.AsyncClient, user: dict[str, object]) -> None:
    answer = await client.post(SESSION, json={"email": user["email"], "password": user["password"]})
    assert answer.status_code == 200, answer.content
