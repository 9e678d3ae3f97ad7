"""L0: the protocols as models small enough to try every run of them: posting, paying, the inbox.

`enumerate_all()` walks every run and returns a report. Law: what the product decides is read from the product itself
when a model is built (`tests.harness.model.rules`), so that a changed rule changes the model.
"""

from tests.harness.model.report import Report, enumerate_all

__all__ = ["Report", "enumerate_all"]
