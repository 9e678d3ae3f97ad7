"""Commands that run until they are told to stop: web, worker, scheduler."""

from __future__ import annotations

import os
import sys

import click

from portal.commands.shared import check_settings, runtime, told


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; 0.0.0.0 behind a proxy.")
@click.option("--port", default=8800, show_default=True)
@click.option("--workers", default=2, show_default=True, help="Processes.")
@click.option("--threads", default=8, show_default=True, help="Requests at once in each.")
@told
def web(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the portal with gunicorn."""
    check_settings()  # what is wrong is told here, once, and not by every worker
    options = {
        "--bind": f"{host}:{port}",
        "--workers": str(workers),
        "--worker-class": "gthread",
        "--threads": str(threads),
        "--timeout": "60",
        "--graceful-timeout": "10",
        "--keep-alive": "15",
    }
    flags = [word for pair in options.items() for word in pair]
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", *flags, "portal.app:create_app()"]
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter, no shell


@click.command()
@click.option("--in-process", is_flag=True, help="Do jobs in this process and not in a child each.")
@click.option("--burst", is_flag=True, help="End when nothing is queued.")
@told
def worker(in_process: bool, burst: bool) -> None:
    """Do work when the bell rings."""
    check_settings()
    from jobs.worker import work

    work(in_process=in_process, burst=burst)


@click.command()
@told
def scheduler() -> None:
    """Ring for whatever is due, and do it where nobody hears.

    Several may run; one works, the others take over when it ends.
    """
    from jobs.ticker import tick

    tick(runtime())
