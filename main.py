"""The service, for a server: ``uvicorn main:app``."""

from app.application import create_app
from app.settings import Settings

app = create_app(Settings())
