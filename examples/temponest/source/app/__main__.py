"""Runs the service that $SERVICE names, on port 8000."""
import importlib

import uvicorn

from app import settings

uvicorn.run(importlib.import_module(f"services.{settings.SERVICE}").app, host="0.0.0.0", port=8000,
            loop="asyncio", http="h11", ws="none", access_log=False, log_config=None)
