"""What people are told: the notices that follow from events, their sentences, and whom they reach."""

from schemas.petition.notices.addressees import AddressBook, Exclusions
from schemas.petition.notices.notice import Notice, notices_of, when_allowed

__all__ = ["AddressBook", "Exclusions", "Notice", "notices_of", "when_allowed"]
