"""A Jupyter client for the tests: JSON commands on stdin, one a line, JSON answers on stdout.

It owns one kernel, as JupyterLab does, and tells everything that the kernel sent: replies as they are, outputs by the
cell they came under.
"""

import json
import queue
import sys
import time

from jupyter_client.manager import KernelManager

QUIET = {"status", "execute_input"}


class Bridge:
    def start(self, cwd):
        self.manager = KernelManager(kernel_name="tslab")
        self.manager.start_kernel(cwd=cwd)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=100)
        return {}

    def run(self, codes, interrupt=None, stop_on_error=True, timeout=100):
        """Sends all cells at once, then waits for all. `interrupt`: the kind of message that the stop button waits for."""
        ids = [self.client.execute(code, stop_on_error=stop_on_error) for code in codes]
        outputs = {i: [] for i in ids}
        order = {i: [] for i in ids}
        idle = set()
        deadline = time.monotonic() + timeout
        while idle != set(ids):
            message = self.hear(deadline)
            parent = message["parent_header"].get("msg_id")
            if parent not in outputs:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == interrupt:
                interrupt = None
                self.manager.interrupt_kernel()
            order[parent].append(content["execution_state"] if kind == "status" else kind)
            if kind == "status" and content["execution_state"] == "idle":
                idle.add(parent)
            if kind not in QUIET:
                outputs[parent].append({"type": kind, **content})
        replies = {}
        while len(replies) < len(ids):
            reply = self.client.get_shell_msg(timeout=deadline - time.monotonic())
            if reply["parent_header"].get("msg_id") in outputs:
                replies[reply["parent_header"]["msg_id"]] = reply["content"]
        return [{"reply": replies[i], "outputs": outputs[i], "order": order[i]} for i in ids]

    def hear(self, deadline):
        while True:
            try:
                return self.client.get_iopub_msg(timeout=0.5)
            except queue.Empty:
                if not self.manager.is_alive():
                    raise RuntimeError("the kernel died") from None
                if time.monotonic() > deadline:
                    raise

    def ask(self, kind, content, channel="shell"):
        """Any request; the content of its reply."""
        message = self.client.session.msg(f"{kind}_request", content)
        sockets = {"shell": self.client.shell_channel, "control": self.client.control_channel}
        sockets[channel].send(message)
        while True:
            reply = sockets[channel].get_msg(timeout=100)
            if reply["parent_header"]["msg_id"] == message["header"]["msg_id"]:
                return {"type": reply["msg_type"], **reply["content"]}

    def tell(self, kind, content):
        """A message that has no reply; what is published for it until the kernel is idle again."""
        message = self.client.session.msg(kind, content)
        self.client.shell_channel.send(message)
        published = []
        while True:
            heard = self.client.get_iopub_msg(timeout=100)
            if heard["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if heard["content"].get("execution_state") == "idle":
                return published
            if heard["msg_type"] not in QUIET:
                published.append({"type": heard["msg_type"], **heard["content"]})

    def late(self, seconds):
        """What comes unasked: outputs of cells that are done."""
        outputs = []
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                message = self.client.get_iopub_msg(timeout=left)
            except Exception:
                break
            if message["msg_type"] not in QUIET:
                outputs.append({"type": message["msg_type"], **message["content"]})
        return outputs

    def alive(self):
        return {"kernel": self.manager.is_alive(), "heart": self.client.hb_channel.is_beating()}

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel()
        return {}


bridge = Bridge()
for line in sys.stdin:
    command = json.loads(line)
    try:
        answer = {"answer": getattr(bridge, command.pop("op"))(**command)}
    except Exception as error:  # told to the test, which fails with it
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
