"""Requests to other services."""
import asyncio
import json
import urllib.error
import urllib.request

from app import settings


def send(method, url, body, headers, timeout):
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


async def raw(method, url, body=None, headers=None, timeout=10):
    """Gives (status, bytes); OSError when there is no answer."""
    return await asyncio.to_thread(send, method, url, body, headers or {}, timeout)


async def ask(method, url, body=None, timeout=10):
    """Gives the JSON of a good answer; ConnectionError for any other."""
    headers = {"Content-Type": "application/json"}
    status, text = await raw(method, url, None if body is None else json.dumps(body).encode(), headers, timeout)
    if status >= 300:
        raise ConnectionError(f"{method} {url} answered {status}")
    return json.loads(text)


async def tell_service(url):
    """A call between services, with their key."""
    status, _ = await raw("POST", url, b"", {"X-API-Key": settings.secret("api_keys")})
    return status
