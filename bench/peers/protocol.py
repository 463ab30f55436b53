"""The other side of bench/conversation.ts: answers one JSON line for each line on stdin.

A peer script gives `serve` a function a task: task(inputs, parameters, threads) sets up what does not count and returns the
work that counts; the work returns the numbers that all sides must agree on, name → list.
"""

import json
import os
import resource
import sys
import time
import traceback

import numpy as np


class Inputs:
    def __init__(self, folder):
        self.folder = folder

    def read(self, name, *shape):
        dtype = np.float32 if name.endswith(".f32") else np.float64
        return np.fromfile(os.path.join(self.folder, name), dtype).reshape(shape or -1)


def _memory(key):
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith(key):
                    return int(line.split()[1]) * 1024
    except OSError:
        return None


def _reset_peak():
    try:
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
    except OSError:
        pass


def _cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def serve(tasks):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not look like an answer
    work = idle = None
    for line in sys.stdin:
        message = json.loads(line)
        try:
            if message["do"] == "prepare":
                task = tasks[message["row"]]
                work = task(Inputs(message["inputs"]), message["parameters"], message["threads"])
                idle = _memory("VmRSS")
                reply = {}
            else:
                _reset_peak()
                cpu, start = _cpu(), time.perf_counter()
                check = work()
                seconds, cpu = time.perf_counter() - start, _cpu() - cpu
                if not all(np.isfinite(v).all() for v in check.values()):
                    raise ValueError(f"not finite: {check}")
                peak = _memory("VmHWM")
                reply = {"seconds": seconds, "cpu": cpu, "check": check}
                if peak is not None and idle is not None:
                    reply["memory"] = max(0, peak - idle)
        except Exception as error:
            traceback.print_exc()
            reply = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


def corner(matrix):
    """What is compared of a large matrix: some entries, spread over it."""
    matrix = np.asarray(matrix)
    rows, cols = matrix.shape
    picked = [matrix[(i * 37) % rows, (i * 101 + 7) % cols] for i in range(64)]
    return [float(v) for v in picked]
