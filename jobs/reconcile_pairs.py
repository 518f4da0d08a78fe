"""Which line of a reading is which row of the ledger. Each is used once; what fits more than once is told, never guessed.

Texts are compared as numbers (`Both.keys`): a million rows are paired in a few passes, without a wide table of both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Places = npt.NDArray[np.intp]
"""Row numbers in a frame, from 0."""
Keys = npt.NDArray[np.int64]
Texts = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

LINE = ("portal", "reference_no", "service_code")
CLOSER = (("from_date",), ("from_date", "to_date"), ("from_date", "to_date", "units_requested"))
"""What tells lines of one code within one case apart, less and less alike."""


class Both:
    """Ledger and readings beside each other. Equal texts have equal numbers, on whichever side they stand."""

    def __init__(self, ledger: pd.DataFrame, readings: pd.DataFrame) -> None:
        self.ledger, self.readings = ledger, readings
        self._known: dict[tuple[str, ...], tuple[Keys, int]] = {}

    def keys(self, *columns: str) -> tuple[Keys, Keys]:
        """One number for each combination of these columns' texts: of the ledger's rows, of the readings' rows."""
        numbers, _ = self._numbers(columns)
        return numbers[: len(self.ledger)], numbers[len(self.ledger) :]

    def _numbers(self, columns: tuple[str, ...]) -> tuple[Keys, int]:
        if columns not in self._known:
            last = pd.concat([self.ledger[columns[-1]], self.readings[columns[-1]]], ignore_index=True)
            codes, found = pd.factorize(last.to_numpy(dtype=object))
            if len(columns) > 1:
                before, _ = self._numbers(columns[:-1])
                codes, found = pd.factorize(before * len(found) + codes)
            self._known[columns] = codes.astype(np.int64), len(found)
        return self._known[columns]

    def requests(self) -> Keys:
        """One number for each request, of the ledger's rows."""
        return np.asarray(pd.factorize(self.ledger["request_id"].to_numpy(dtype=object))[0], dtype=np.int64)

    def our(self, name: str, places: Places) -> Texts:
        return np.asarray(self.ledger[name].to_numpy(dtype=object))[places]

    def their(self, name: str, places: Places) -> Texts:
        return np.asarray(self.readings[name].to_numpy(dtype=object))[places]


@dataclass(frozen=True)
class Lines:
    """Pairs: the ledger's row ``ours[i]`` is the readings' row ``theirs[i]``; no row stands in two pairs."""

    both: Both
    ours: Places
    theirs: Places

    def __len__(self) -> int:
        return len(self.ours)

    def our(self, name: str) -> Texts:
        return self.both.our(name, self.ours)

    def their(self, name: str) -> Texts:
        return self.both.their(name, self.theirs)

    def newest(self, name: str) -> Texts:
        """What the portal says, else what the ledger says."""
        theirs = self.their(name)
        return np.where(theirs != "", theirs, self.our(name))


@dataclass(frozen=True)
class Paired:
    """``lost``: ledger rows that their case lacks. ``extra``: readings' rows that their request lacks. ``unclear``: ledger rows
    whose lines cannot be told apart."""

    lines: Lines
    lost: Places
    extra: Places
    unclear: Places


def by_word(texts: pd.Series | Texts, tell: Callable[[str], Any]) -> Texts:
    """An answer for each text, worked out once for each different one."""
    codes, words = pd.factorize(np.asarray(texts, dtype=object))
    return np.array([tell(word) for word in words], dtype=object)[codes] if len(words) else np.array([], dtype=object)


def alone(ours: Keys, theirs: Keys) -> tuple[Places, Places]:
    """Where a key stands exactly once on each side: its places on both."""
    size = int(max(ours.max(initial=-1), theirs.max(initial=-1))) + 1
    once = (np.bincount(ours, minlength=size) == 1) & (np.bincount(theirs, minlength=size) == 1)
    left = np.flatnonzero(once[ours])
    place = np.zeros(size, dtype=np.intp)
    place[theirs] = np.arange(len(theirs))
    return left, place[ours[left]]


def among(keys: Keys, others: Keys) -> Mask:
    """Which keys stand on the other side as well."""
    size = int(max(keys.max(initial=-1), others.max(initial=-1))) + 1
    there = np.zeros(size, dtype=np.bool_)
    there[others] = True
    return there[keys]


def pair_lines(both: Both, ours: Places, theirs: Places) -> Paired:
    """Pairs those ledger rows (one request to a case) with those readings' rows.

    Within a case: the only line of its code, else the only one of its code and days, else of its asked units; then what is left
    over of a code when it is one line on each side, or when what is left says all the same.
    """
    case_ours, case_theirs = (
        keys[places] for keys, places in zip(both.keys("portal", "reference_no"), (ours, theirs), strict=True)
    )
    shown = among(case_ours, case_theirs)
    ours, case_ours = ours[shown], case_ours[shown]
    in_lines = both.their("service_code", theirs) != ""
    heads, case_heads = theirs[~in_lines], case_theirs[~in_lines]
    found = _Found(both, ours, theirs[in_lines])
    found.take_codeless()
    for more in ((), *CLOSER, ()):
        found.take_alone(more)
    found.take_alike()
    unclear, lost, extra = found.rest()
    # A case without lines tells of its one row; of several rows it tells nothing that could be put down to one of them.
    lost_case = both.keys("portal", "reference_no")[0][lost]
    headed = among(lost_case, case_heads) & ~among(lost_case, case_theirs[in_lines])
    at, head_at = alone(lost_case[headed], _first_of_each(case_heads))
    first_heads = heads[_first_places(case_heads)]
    lines = Lines(both, np.concatenate([*found.ours, lost[headed][at]]), np.concatenate([*found.theirs, first_heads[head_at]]))
    return Paired(lines=lines, lost=lost[~headed], extra=extra, unclear=unclear)


def _first_places(keys: Keys) -> Places:
    return np.asarray(np.flatnonzero(~pd.Series(keys).duplicated().to_numpy()), dtype=np.intp)


def _first_of_each(keys: Keys) -> Keys:
    return keys[_first_places(keys)]


class _Found:
    """The pairs so far, and what is left on both sides."""

    def __init__(self, both: Both, ours: Places, theirs: Places) -> None:
        self.both = both
        self.ours: list[Places] = []
        self.theirs: list[Places] = []
        self._left, self._right = ours, theirs

    def take_codeless(self) -> None:
        """A stay is asked for without a code: it is the case's one line, whatever code the portal gives it."""
        left, right = self._keys("portal", "reference_no")
        at, other_at = alone(left, right)
        without = self.both.our("service_code", self._left[at]) == ""
        self._take(at[without], other_at[without])

    def take_alone(self, more: tuple[str, ...]) -> None:
        """Pairs what is left where case, code and these columns stand once on each side."""
        left, right = self._keys(*LINE, *more)
        self._take(*alone(left, right))

    def take_alike(self) -> None:
        """Pairs the lines left of one code, as many on each side, when the portal says the same of all of them."""
        left, right = self._keys(*LINE)
        if not len(left) or not len(right):
            return
        says = self._says()
        told = pd.DataFrame({"line": right, "says": says})
        same = told.groupby("line")["says"].transform("nunique").to_numpy() == 1
        size = int(max(left.max(), right.max())) + 1
        even = np.bincount(left, minlength=size) == np.bincount(right, minlength=size)
        mine, others = np.flatnonzero(even[left]), np.flatnonzero(same & even[right])
        nth_mine, nth_others = (pd.Series(keys).groupby(keys).cumcount().to_numpy() for keys in (left[mine], right[others]))
        most = int(max(nth_mine.max(initial=0), nth_others.max(initial=0))) + 1
        at, other_at = alone(left[mine] * most + nth_mine, right[others] * most + nth_others)
        self._take(mine[at], others[other_at])

    def rest(self) -> tuple[Places, Places, Places]:
        """Ledger rows that cannot be told apart, that have no line, and lines that have no row."""
        left, right = self._keys(*LINE)
        unclear, taken = among(left, right), among(right, left)
        return self._left[unclear], self._left[~unclear], self._right[~taken]

    def _says(self) -> Keys:
        told = self.both.readings.iloc[self._right].drop(columns="observed_at")
        return np.asarray(told.groupby(list(told.columns), sort=False).ngroup().to_numpy(), dtype=np.int64)

    def _keys(self, *columns: str) -> tuple[Keys, Keys]:
        ours, theirs = self.both.keys(*columns)
        return ours[self._left], theirs[self._right]

    def _take(self, left: Places, right: Places) -> None:
        self.ours.append(self._left[left])
        self.theirs.append(self._right[right])
        self._left, self._right = np.delete(self._left, left), np.delete(self._right, right)
