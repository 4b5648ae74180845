"""Categories, registers, rules, decisions, and what was delivered to whom."""

from routing.models.categories import Category, Question
from routing.models.dangers import Danger
from routing.models.deliveries import Channel, CommunityRouting, Decision, Delivery, DeliveryQuerySet
from routing.models.findings import CoveragePiece, RuleCheck
from routing.models.registers import Asset, Register
from routing.models.rules import Rule, RuleSet

__all__ = [
    "Asset",
    "Category",
    "Channel",
    "CommunityRouting",
    "CoveragePiece",
    "Danger",
    "Decision",
    "Delivery",
    "DeliveryQuerySet",
    "Question",
    "Register",
    "Rule",
    "RuleCheck",
    "RuleSet",
]
