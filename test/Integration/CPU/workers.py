# Part of the attn-mlir project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the entries of a manifest in processes that may die.

An entry is a list of steps, such as one per library. What hangs or faults takes its
process with it: that step has failed, and the entry goes on behind it in another one.
"""

import concurrent.futures
import multiprocessing
import queue
import time


def serve(make_runner, connection):
    """Runs steps until there are no more. `make_runner()` gives a function of an entry
    and the number of its first step, which yields for each step from there on what is
    wrong, or nothing, and whether the process is to end."""
    run = make_runner()
    connection.send("ready")
    while True:
        entry, step = connection.recv()
        try:
            for problem, is_fatal in run(entry, step):
                connection.send((problem, is_fatal))
                if is_fatal:
                    return
        except Exception as exception:  # the test must go on
            connection.send((f"{type(exception).__name__}: {exception}", True))
            return


class Worker:
    def __init__(self, make_runner):
        self.connection, other = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(make_runner, other), daemon=True
        )
        self.process.start()
        other.close()
        self.is_ready = False

    def run(self, entry, step, num_steps, timeout):
        """What is wrong with each step that ran, and whether the worker can go on."""
        problems = []
        try:
            if not self.is_ready:
                if not self.connection.poll(timeout):
                    return ["the process does not answer"], False
                self.connection.recv()
                self.is_ready = True
            self.connection.send((entry, step))
            while step + len(problems) < num_steps:
                if not self.connection.poll(timeout):
                    return problems + [f"it did not end within {timeout} s"], False
                problem, is_fatal = self.connection.recv()
                problems.append(problem)
                if is_fatal:
                    return problems, False
            return problems, True
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return problems + ["the process ended"], False

    def end(self):
        self.process.kill()
        self.process.join()


def run_here(make_runner, entries, report, limit):
    run, begin = make_runner(), time.monotonic()
    for index, entry in enumerate(entries):
        if time.monotonic() - begin >= limit:
            return
        for step, (problem, is_fatal) in enumerate(run(entry, 0)):
            report(index, step, problem)
            if is_fatal:
                return


def run_all(make_runner, entries, num_steps, jobs, report, timeout=60, limit=1e9):
    """Runs entries on so many processes, in this one if there are none of them; none is
    begun after `limit` seconds. Calls `report` with the index of an entry, the step and
    what is wrong, or nothing."""
    if jobs == 0:
        run_here(make_runner, entries, report, limit)
        return
    waiting = queue.Queue()
    for index in range(len(entries)):
        waiting.put(index)
    begin = time.monotonic()

    def work():
        worker = None
        while time.monotonic() - begin < limit:
            try:
                index = waiting.get_nowait()
            except queue.Empty:
                break
            step = 0
            while step < num_steps(entries[index]):
                worker = worker or Worker(make_runner)
                problems, is_alive = worker.run(
                    entries[index], step, num_steps(entries[index]), timeout
                )
                for problem in problems:
                    report(index, step, problem)
                    step += 1
                if not is_alive:
                    worker.end()
                    worker = None
        if worker:
            worker.end()

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for job in [pool.submit(work) for _ in range(jobs)]:
            job.result()
