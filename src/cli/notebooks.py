"""Runs and checks notebooks, for the commands reproduce and publish-results.

    notebooks.py run --profile quick --out out/quick notebooks/02-trntk-surrogates.ts ...
    notebooks.py check notebooks/02-trntk-surrogates.ts out/quick/02-trntk-surrogates.ipynb ...

A notebook is paired: NN-study.ts (jupytext's percent format) is the source, NN-study.ipynb the page with its
outputs. What runs is always the .ts, so an edit of it is never run in its old form, and nothing in notebooks/ has to
be written to. The result has no trace of the machine or the hour: no timings, and cell ids made from the source.
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import signal
import sys
import time
from collections import Counter
from pathlib import Path

# nbformat loads jsonschema, which would make a grammar of all IRIs: 0.8 s for a format that no notebook's schema names.
sys.modules.setdefault("rfc3987_syntax", None)

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

INTERRUPTED = 130
TITLE_WIDTH = 64


def read_source(path: Path):
    """The notebook of a .ts file, without outputs. A cell's id is a hash of its source: stable, and equal in two runs."""
    notebook = jupytext.read(path)
    seen = Counter()
    for cell in notebook.cells:
        seen[cell.source] += 1
        text = f"{cell.cell_type} {seen[cell.source]} {cell.source}"
        cell["id"] = hashlib.sha256(text.encode()).hexdigest()[:8]
    notebook.nbformat_minor = max(notebook.nbformat_minor, 5)
    return notebook


def write(notebook, path: Path) -> None:
    """A whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        nbformat.write(notebook, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


IMPORT = re.compile(r"^import\b[^;]*;\s*", re.MULTILINE)


HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)


def title(notebook, cell_index: int) -> str:
    """The heading under which a cell stands; without one, the first line of the cell that is no import."""
    for cell in reversed(notebook.cells[:cell_index]):
        headings = HEADING.findall(cell.source) if cell.cell_type == "markdown" else []
        if headings:
            line = headings[-1]
            break
    else:
        lines = (line.strip().lstrip("/*").strip() for line in IMPORT.sub("", notebook.cells[cell_index].source).splitlines())
        line = next((line for line in lines if line), "imports")
    return line if len(line) <= TITLE_WIDTH else f"{line[: TITLE_WIDTH - 1]}…"


class Progress:
    """One line a cell: on a terminal it appears when the cell starts, else when it is done."""

    def __init__(self, notebook):
        self.notebook = notebook
        self.code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]
        self.open = False
        self.begin = 0.0

    def started(self, cell, cell_index, **_):
        self.begin = time.monotonic()
        self.head = f"  [{self.code.index(cell_index) + 1}/{len(self.code)}] {title(self.notebook, cell_index)}"
        self.open = True
        if sys.stdout.isatty():
            print(self.head, end="", flush=True)

    def done(self, word=""):
        if not self.open:
            return
        self.open = False
        line = f"  {time.monotonic() - self.begin:.1f} s{word}"
        print(line if sys.stdout.isatty() else self.head + line, flush=True)

    def executed(self, execute_reply, **_):
        self.done("" if execute_reply["content"]["status"] == "ok" else "  FAILED")


async def execute(client: NotebookClient) -> bool:
    """Runs the notebook to its end. False: Ctrl-C or SIGTERM came; the kernel has ended, the outputs so far stay."""
    task = asyncio.ensure_future(client.async_execute())
    stopped = False

    def stop():
        nonlocal stopped
        stopped = True
        task.cancel()

    def take_signals(**_):  # nbclient sets handlers of its own, which lose the exception
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, stop)
            except NotImplementedError:  # Windows
                pass

    client.on_notebook_start = take_signals
    try:
        await task
    except (asyncio.CancelledError, DeadKernelError):
        if not stopped:
            raise
    return not stopped


def run_one(source: Path, out: Path, profile: str, timeout: float | None) -> int:
    """Runs one notebook and writes out/<name>.ipynb, whatever happens. Returns 0, 1, or 130 for Ctrl-C."""
    notebook = read_source(source)
    progress = Progress(notebook)
    client = NotebookClient(
        notebook,
        kernel_name=notebook.metadata.get("kernelspec", {}).get("name", "tslab"),
        timeout=timeout,
        startup_timeout=120,
        resources={"metadata": {"path": str(source.parent)}},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        on_cell_execute=progress.started,
        on_cell_executed=progress.executed,
    )
    print(f"{source.stem} ({profile})", flush=True)
    begin = time.monotonic()
    status = 1
    word = "FAILED"
    try:
        if asyncio.run(execute(client)):
            status, word = 0, "done"
        else:
            status, word = INTERRUPTED, "interrupted"
    except CellTimeoutError:
        progress.done("  TIMED OUT")
        print(f"  A cell ran longer than {timeout:g} s.", file=sys.stderr)
    except CellExecutionError as error:
        progress.done("  FAILED")
        print(f"\n{error.traceback.strip() or error}\n", file=sys.stderr)
    except DeadKernelError:
        progress.done("  DIED")
        print("  The kernel died: out of memory, or a crash in a native library.", file=sys.stderr)
    except RuntimeError as error:  # the kernel did not come up
        print(f"  {error}", file=sys.stderr)
    finally:
        progress.done(f"  {word}")
        write(notebook, out / f"{source.stem}.ipynb")
    print(f"  {word} after {time.monotonic() - begin:.1f} s", flush=True)
    return status


def run(arguments) -> int:
    os.environ["KERNELBOOK_PROFILE"] = arguments.profile
    failed = 0
    for source in arguments.sources:
        status = run_one(source, arguments.out, arguments.profile, arguments.timeout)
        if status == INTERRUPTED:
            return status
        failed |= status
    return failed


def check_one(source_path: Path, executed_path: Path) -> dict:
    """Whether an executed notebook is one of its source, ran to its end, and had no error."""
    source = read_source(source_path)
    executed = nbformat.read(executed_path, as_version=4)
    inputs = lambda notebook: [(c.cell_type, c.source) for c in notebook.cells]  # noqa: E731
    code = [c for c in executed.cells if c.cell_type == "code" and c.source.strip()]
    outputs = [output for cell in code for output in cell.outputs]
    return {
        "sameSource": inputs(source) == inputs(executed),
        "complete": all(cell.execution_count for cell in code),
        "errors": sum(output.output_type == "error" for output in outputs),
    }


def check(arguments) -> int:
    """Prints what check_one says of each pair, as a JSON list."""
    files = iter(arguments.files)
    print(json.dumps([check_one(source, executed) for source, executed in zip(files, files)]))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    runner = commands.add_parser("run")
    runner.add_argument("--profile", required=True)
    runner.add_argument("--out", type=Path, required=True)
    runner.add_argument("--timeout", type=float, help="seconds for one cell; none by default")
    runner.add_argument("sources", nargs="+", type=Path)
    runner.set_defaults(command=run)
    checker = commands.add_parser("check")
    checker.add_argument("files", nargs="+", type=Path, help="source and executed notebook, in turn")
    checker.set_defaults(command=check)
    arguments = parser.parse_args()
    return arguments.command(arguments)


if __name__ == "__main__":
    sys.exit(main())
