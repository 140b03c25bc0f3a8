"""What is made quickly is as frozen as any other value."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, field, replace
from typing import Any

import pytest
from guanjia.model.event import Actor
from guanjia.model.frozen import changed, quick


@quick(frozen=True, slots=True)
class Point:
    x: int
    y: int = 7
    more: dict[str, int] = field(default_factory=dict)
    kept: Any = field(default=None, init=False, repr=False, compare=False)


def test_it_is_made_compared_shown_and_hashed_like_any_frozen_dataclass():
    assert Point(1) == Point(1, 7, {}) == Point(x=1, more={}) != Point(1, 8)
    assert repr(Point(1, more={"z": 2})) == "Point(x=1, y=7, more={'z': 2})"
    assert hash(Actor("a", ("b",))) == hash(Actor("a", ("b",)))
    assert type(Point(1)) is Point


def test_nothing_of_it_can_be_set_or_removed_from_the_first_value_on():
    for point in (Point(1), Point(2)):
        with pytest.raises(FrozenInstanceError):
            point.x = 3
        with pytest.raises(FrozenInstanceError):
            del point.x
        with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
            point.other = 3


def test_no_two_values_share_what_was_made_for_one():
    assert Point(1).more is not Point(1).more


def test_it_is_copied_pickled_and_replaced():
    point = Point(1, more={"z": 2})
    assert copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point
    assert replace(point, y=1) == Point(1, 1, {"z": 2})


def test_a_changed_one_is_another_value_of_the_same_kind_and_leaves_the_first_alone():
    point = Point(1, more={"z": 2})
    other = changed(point, y=1, x=5)
    assert (other, type(other)) == (Point(5, 1, {"z": 2}), Point)
    assert (point, changed(point)) == (Point(1, 7, {"z": 2}), point)
    with pytest.raises(FrozenInstanceError):
        other.x = 3
    with pytest.raises(TypeError, match="Point has no"):
        changed(point, z=1)


def test_a_wrong_argument_is_refused_as_by_the_class_itself():
    for given in ((), (1, 2, {}, 4)):
        with pytest.raises(TypeError):
            Point(*given)
    with pytest.raises(TypeError):
        Point(1, z=2)
    assert list(inspect.signature(Point).parameters) == ["x", "y", "more"]
