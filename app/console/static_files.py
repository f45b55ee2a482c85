"""Style sheets and scripts, each under an address that changes with its content."""

import hashlib
from functools import lru_cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"


class Assets(StaticFiles):
    """Files that browsers may keep as long as they like."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file; only an address with its version may be kept."""
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = FOREVER if scope["query_string"] else "no-cache"
        return answer


@lru_cache(maxsize=100)
def address_of(name: str) -> str:
    """Where a file of ours is found."""
    return f"/assets/{name}?{hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:10]}"
