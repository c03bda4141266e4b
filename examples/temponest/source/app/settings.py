"""Settings from the environment, secrets from files."""
import os
import pathlib

SERVICE = os.environ["SERVICE"]
DATABASE_URL = os.environ["DATABASE_URL"]
REDIS_URL = os.environ["REDIS_URL"]
OLLAMA_URL = os.environ["OLLAMA_URL"]
QDRANT_URL = os.environ["QDRANT_URL"]
AUTH_SERVICE_URL = os.environ["AUTH_SERVICE_URL"]


def secret(name):
    return pathlib.Path("/run/secrets", name).read_text(encoding="utf-8").strip()
