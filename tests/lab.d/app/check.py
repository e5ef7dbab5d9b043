"""Whether the worker works: Redis and PostgreSQL answer, and a Celery worker takes tasks from the broker's database."""

import os
import re
import sys
import time

import psycopg2
import redis

# How long an answer may take; a long line takes longer.
PATIENCE = int(os.environ.get("PATIENCE") or 2)
BROKER = os.environ.get("CELERY_BROKER_URL") or os.environ.get("REDIS_URL") or "redis://localhost:6379/0"
# the app hands its URLs to SQLAlchemy, which takes the driver's name off
DATABASE = re.sub(r"^postgresql\+\w+:", "postgresql:", os.environ.get("DATABASE_URL") or "postgresql://localhost/clippy_front")


def consumed(broker):
    """Whether somebody waits for tasks in the broker's database."""
    index = str(broker.connection_pool.connection_kwargs.get("db", 0))
    try:
        # Blocked in it: the connection of a worker that is gone is listed with its last command.
        if any(it["cmd"] == "brpop" and "b" in it["flags"] and it["db"] == index for it in broker.client_list()):
            return True
        # One with its hands full waits for nothing, and is heard.
        return broker.hlen("unacked") > 0 and beats(broker, index)
    except redis.exceptions.NoPermissionError:
        return beats(broker, index)


def beats(broker, index):
    """Whether a worker's heartbeat, one every two seconds, is heard: for users who may not list the clients."""
    ear = broker.pubsub(ignore_subscribe_messages=True)
    ear.psubscribe(f"/{index}.celeryev/worker.heartbeat")
    end = time.monotonic() + 3
    while time.monotonic() < end:
        if ear.get_message(timeout=0.5):
            return True
    return False


# A worker that reports by HTTP needs no database.
if os.environ.get("DATABASE_URL") or not os.environ.get("WORKER_API_KEY"):
    connection = psycopg2.connect(DATABASE, connect_timeout=PATIENCE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.close()
redis_ = redis.Redis.from_url(BROKER, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
redis_.ping()
# The container's own process says whether it is a worker at all: a fixture may put another one in its place.
with open("/proc/1/cmdline") as file:
    is_worker = "celery" in file.read() or "IS_WORKER" in os.environ
sys.exit(1 if is_worker and not consumed(redis_) else 0)
