"""The organisation as data: the tree of units, who serves in which, and whose chief answers for what.

Units hang in one tree by their paths: the city bureau (``XA``), its branches (``XA/A3``), their stations (``XA/A3/01``), community rooms below
a station, and departments (``XA/petitions``) below a bureau, branch or station. A version of it is checked as a whole when it is read, so that
nothing later meets a unit without anybody to answer for it.
"""

from schemas.organisation.organisation import Organisation
from schemas.organisation.tree import ANSWERABLE, KINDS_ZH, Kind, Person, Unit

__all__ = ["ANSWERABLE", "KINDS_ZH", "Kind", "Organisation", "Person", "Unit"]
