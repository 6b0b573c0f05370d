"""The prepared folder: written completely or not at all, read, checked, and its labels audited."""

from data_prep.prepared.card import Card
from data_prep.prepared.check import check
from data_prep.prepared.contact_sheet import contact_sheet
from data_prep.prepared.label_audit import audit
from data_prep.prepared.label_audit import summary as audit_summary
from data_prep.prepared.read import Prepared
from data_prep.prepared.write import write_dataset

__all__ = ["Card", "Prepared", "audit", "audit_summary", "check", "contact_sheet", "write_dataset"]
