"""One request: what it amounts to, its evidence, how it got there, and every action on it."""

from fastapi import APIRouter

from include.web.request import actions, evidence, routes

router = APIRouter()
router.include_router(actions.router)
router.include_router(evidence.router)
router.include_router(routes.router)

__all__ = ["router"]
