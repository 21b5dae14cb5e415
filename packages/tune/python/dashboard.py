"""Serves optuna-dashboard for the store of a study.

Reads one line of JSON, `{"store", "host", "port"}`, and writes a line `{"port"}` when the server is
ready, or `{"error"}`. Ends when standard input is closed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import warnings
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
signal.signal(signal.SIGINT, signal.SIG_IGN)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    request = json.loads(sys.stdin.readline())
    try:
        warnings.simplefilter("ignore")
        import optuna_dashboard

        from store import open_store

        app = optuna_dashboard.wsgi(open_store(request["store"]).storage)
        server = make_server(
            request["host"], request["port"], app, server_class=Server, handler_class=Quiet
        )
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        answers.write(json.dumps({"error": message}) + "\n")
        answers.flush()
        sys.exit(1)
    answers.write(json.dumps({"port": server.server_port}) + "\n")
    answers.flush()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    # Open connections would otherwise keep the process running.
    os._exit(0)


main()
