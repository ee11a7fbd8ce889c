"""The audit trail: `audit.trail.record(Action.…, subject, by=…)`."""

from audit.actions import Action
from audit.actors import ANONYMOUS, SYSTEM, Actor

__all__ = ["ANONYMOUS", "SYSTEM", "Action", "Actor"]
