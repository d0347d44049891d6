"""Barriers: all threads come before one goes on, whether they look or sleep; an end that is called reaches all."""

import concurrent.futures
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn_concepts.jit import barrier
from sknn_concepts.jit.barrier import CAN_MEET, make_team, meet
from sknn_concepts.jit.decorator import kernel

pytestmark = pytest.mark.skipif(not CAN_MEET, reason="threads cannot meet here")


@kernel
def add_up_in_turn(team, me, n_rounds, numbers):
    """In each round, add the number of the other thread to one's own; returns how many rounds were made."""
    n = team.n_threads
    for turn in range(n_rounds):
        found = numbers[turn % 2, (me + 1) % n]
        numbers[(turn + 1) % 2, me] = numbers[turn % 2, me] + found
        if not meet(team, me):
            return turn
    return n_rounds


def in_threads(work, n_threads):
    with concurrent.futures.ThreadPoolExecutor(n_threads) as pool:
        return [future.result(60) for future in [pool.submit(work, me) for me in range(n_threads)]]


@pytest.mark.parametrize("n_threads", [1, 2, 3, 7])
def test_nobody_goes_on_before_all_have_come(n_threads):
    """Sums that depend on every meeting, with more threads than processors as well."""
    team, numbers = make_team(n_threads), np.zeros((2, n_threads), np.int64)
    numbers[0] = expected = np.arange(n_threads)
    for _ in range(40):
        expected = expected + np.roll(expected, -1)
    assert in_threads(lambda me: add_up_in_turn(team, me, 40, numbers), n_threads) == [40] * n_threads
    assert_array_equal(numbers[0], expected)


def test_who_sleeps_is_woken():
    """The first thread waits far longer than it looks."""
    team, numbers = make_team(2), np.ones((2, 2), np.int64)

    def work(me):
        time.sleep(0.3 * me)
        used = time.thread_time()
        add_up_in_turn(team, me, 1, numbers)
        return time.thread_time() - used

    assert in_threads(work, 2)[0] < 0.15
    assert team.cells[barrier.SLEEPING] == team.cells[barrier.LINE_CELLS + barrier.SLEEPING] == 0


def test_a_team_can_be_stopped_while_one_waits():
    stop = np.zeros(1, np.int64)
    team, numbers = make_team(2, stop), np.ones((2, 2), np.int64)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(add_up_in_turn, team, 0, 5, numbers)
        time.sleep(0.1)
        assert not waiting.done()
        stop[0] = 1
        assert waiting.result(60) == 0
