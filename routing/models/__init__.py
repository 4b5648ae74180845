"""Categories, registers, rules, decisions, and what was delivered to whom."""

from routing.models.answers import Answer
from routing.models.categories import Category, Question
from routing.models.channels import Channel
from routing.models.dangers import Danger
from routing.models.deliveries import CommunityRouting, Decision, Delivery, DeliveryQuerySet
from routing.models.findings import CoveragePiece, RuleCheck
from routing.models.learnt import LearntRule
from routing.models.registers import Asset, Register
from routing.models.remote_requests import RemoteRequest
from routing.models.rules import Rule, RuleSet

__all__ = [
    "Answer",
    "Asset",
    "Category",
    "Channel",
    "CommunityRouting",
    "CoveragePiece",
    "Danger",
    "Decision",
    "Delivery",
    "DeliveryQuerySet",
    "LearntRule",
    "Question",
    "Register",
    "RemoteRequest",
    "Rule",
    "RuleCheck",
    "RuleSet",
]
