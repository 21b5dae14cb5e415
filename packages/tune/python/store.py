"""The stores of studies: a journal file for the processes of one machine, PostgreSQL for several.

A store has an Optuna storage, a lock that is released when its holder ends, and a method that finds
the running trials whose worker has ended.
"""

from __future__ import annotations

import os
import threading
import uuid
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Iterator

from filelock import FileLock
from optuna import Study
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import FrozenTrial, Trial, TrialState

WORKER = "worker"
POLL_SECONDS = 0.005


def running(study: Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))


class _SystemLock(JournalFileOpenLock):
    """A lock of the operating system; Optuna's own lock files stay if their process is killed."""

    def __init__(self, lock: FileLock) -> None:
        self._lock = lock

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


class _Journal(JournalFileBackend):
    """A journal that stays readable after a process was killed while it wrote a line."""

    def __init__(self, file: str, lock: FileLock) -> None:
        super().__init__(file, _SystemLock(lock))
        self._whole_file = lock

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        with self._whole_file:
            # A line after an incomplete line would make the whole file unreadable.
            _drop_torn_line(self._file_path)
            super().append_logs(logs)


def _drop_torn_line(file: str) -> None:
    with open(file, "r+b") as journal:
        end = journal.seek(0, os.SEEK_END)
        if end == 0:
            return
        journal.seek(end - 1)
        if journal.read(1) == b"\n":
            return
        journal.seek(0)
        journal.truncate(journal.read().rfind(b"\n") + 1)


class JournalStore:
    """A study in a file, for processes of one machine, or of several that share locks on a disk."""

    def __init__(self, file: str) -> None:
        self._folder = os.path.join(os.path.dirname(os.path.abspath(file)), "workers")
        os.makedirs(self._folder, exist_ok=True)
        # Not ".lock", which is the name of Optuna's own lock; other programs may hold that one.
        self._lock = FileLock(f"{file}.mutex", poll_interval=POLL_SECONDS)
        self.storage: BaseStorage = JournalStorage(_Journal(file, self._lock))
        self._name = uuid.uuid4().hex
        self._alive = self._lock_of(self._name)
        with self._lock:
            self._remove_dead()
            self._alive.acquire()

    def lock(self) -> AbstractContextManager[Any]:
        """Prevents other workers from changing the study. Its holder may acquire it again."""
        return self._lock

    def claim(self, trial: Trial) -> None:
        """Marks a trial as run by this process. Call it under the lock, like `ask`."""
        trial.set_user_attr(WORKER, self._name)

    def vanished(self, study: Study) -> list[FrozenTrial]:
        """The running trials whose worker has ended. Call it under the lock."""
        return [trial for trial in running(study) if not self._lives(trial.user_attrs.get(WORKER))]

    def _lock_of(self, worker: str) -> FileLock:
        return FileLock(os.path.join(self._folder, f"{worker}.lock"), poll_interval=POLL_SECONDS)

    def _lives(self, worker: str | None) -> bool:
        if worker is None:
            return False
        if worker == self._name:
            return True
        lock = self._lock_of(worker)
        try:
            lock.acquire(blocking=False)
        except TimeoutError:
            return True
        lock.release()
        return False

    def _remove_dead(self) -> None:
        for name in os.listdir(self._folder):
            worker, extension = os.path.splitext(name)
            if extension == ".lock" and not self._lives(worker):
                os.remove(os.path.join(self._folder, name))

    def close(self) -> None:
        with self._lock:
            self._alive.release()
            os.remove(self._alive.lock_file)


class PostgresStore:
    """A study in PostgreSQL, for workers on any machine, which send heartbeats while they run."""

    # Number of the lock for all studies of a database; other programs hardly use this number.
    LOCK = 0x6D69656E
    KEEPALIVE = "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"

    def __init__(self, url: str, heartbeat: float) -> None:
        import psycopg
        import sqlalchemy
        from optuna.storages import RDBStorage

        address = sqlalchemy.make_url(url).set(drivername="postgresql+psycopg")
        plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(plain, autocommit=True, options=self.KEEPALIVE)
        self._heartbeat = heartbeat
        with self.lock():  # two workers must not create the tables at the same time
            self._database = RDBStorage(
                address.render_as_string(hide_password=False),
            )
        self.storage: BaseStorage = self._database
        self._own: set[int] = set()
        self._closed = threading.Event()
        self._heart = threading.Thread(target=self._beat, daemon=True)
        self._heart.start()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Prevents other workers from changing the study. Its holder may acquire it again."""
        self._connection.execute("SELECT pg_advisory_lock(%s)", [self.LOCK])
        try:
            yield
        finally:
            self._connection.execute("SELECT pg_advisory_unlock(%s)", [self.LOCK])

    def claim(self, trial: Trial) -> None:
        """Marks a trial as run by this process. Call it under the lock, like `ask`."""
        self._database.record_heartbeat(trial._trial_id)
        self._own.add(trial._trial_id)

    def vanished(self, study: Study) -> list[FrozenTrial]:
        """The running trials whose worker has ended. Call it under the lock."""
        # A trial without a heartbeat belongs to a worker that ended between asking and claiming.
        rows = self._connection.execute(
            "SELECT trial_id FROM trials LEFT JOIN trial_heartbeats USING (trial_id)"
            " WHERE study_id = %s AND state = 'RUNNING' AND"
            " (heartbeat IS NULL OR heartbeat < localtimestamp - %s * interval '1 second')",
            [study._study_id, 3 * self._heartbeat],
        ).fetchall()
        lost = {trial_id for (trial_id,) in rows} - self._own
        return [trial for trial in running(study) if trial._trial_id in lost]

    def _beat(self) -> None:
        while not self._closed.wait(self._heartbeat):
            try:
                for trial in list(self._own):
                    if self._database.get_trial(trial).state.is_finished():
                        self._own.discard(trial)
                    else:
                        self._database.record_heartbeat(trial)
            except Exception as error:  # if the database is down, the next request fails
                print(f"no heartbeat: {type(error).__name__}: {error}", flush=True)

    def close(self) -> None:
        self._closed.set()
        self._heart.join(timeout=1)
        self._connection.close()


Store = JournalStore | PostgresStore


def open_store(place: dict[str, Any]) -> Store:
    """Opens the store `{"journal": file}` or `{"url": …, "heartbeat": seconds}`."""
    if "journal" in place:
        return JournalStore(place["journal"])
    return PostgresStore(place["url"], place["heartbeat"])
