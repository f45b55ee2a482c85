"""Settings: what the ranking goes by."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.console.visit import Admin
from app.console.words import FEATURE_NAMES, MEANINGS
from matching import BIAS, EXPERT, FEATURES

router = APIRouter(prefix="/console/settings/weights")


@router.get("")
def weights(visit: Admin) -> HTMLResponse:
    """Each feature with its meaning and its weight."""
    rows = [
        (feature.name, FEATURE_NAMES[feature.name], MEANINGS[feature.name], EXPERT.weights[feature.name])
        for feature in FEATURES
    ]
    return visit.page(
        "settings/weights.html",
        version=EXPERT.version,
        bias=EXPERT.weights[BIAS],
        bias_name=FEATURE_NAMES[BIAS],
        rows=rows,
        most=max(weight for *_, weight in rows),
    )
