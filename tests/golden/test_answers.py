"""Nothing that the product answers changes unnoticed."""

import json

from tests.golden.questions import ANSWERS, marks


def test_every_answer_is_the_one_that_was_accepted() -> None:
    accepted, made = json.loads(ANSWERS.read_text("utf-8")), marks()
    changed = sorted(n for n in accepted.keys() | made if accepted.get(n) != made.get(n))
    assert not changed, (
        "If these are meant to change, say so in the commit message, compare the texts before and "
        "after (see tests/golden/questions.py) and accept them."
    )
