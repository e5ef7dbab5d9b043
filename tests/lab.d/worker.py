"""Stands for the GPU worker: holds a Redis and a PostgreSQL connection, and lives on when they fail.

--check: one try of each, exit status 0 if both answer.
"""

import os
import re
import signal
import sys
import time

import psycopg2
import redis


def ping_redis(timeout):
    url = os.environ.get("CELERY_BROKER_URL") or os.environ.get("REDIS_URL") or "redis://localhost:6379/0"
    return redis.Redis.from_url(url, socket_timeout=timeout, socket_connect_timeout=timeout).ping()


def connect_postgres(timeout):
    url = os.environ.get("DATABASE_URL") or "postgresql://user:password@localhost/clippy_front"
    # the app hands its URLs to SQLAlchemy, which takes the driver's name off
    return psycopg2.connect(re.sub(r"^postgresql\+\w+:", "postgresql:", url), connect_timeout=timeout)


def select(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    connection.rollback()


def main():
    # pid 1 ignores signals it has no handler for; without this every stop would take Docker's ten seconds
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    connection = None
    while True:
        try:
            ping_redis(5)
        except Exception as error:
            print("redis:", type(error).__name__, flush=True)
        try:
            connection = connection or connect_postgres(5)
            select(connection)
        except Exception as error:
            connection = None
            print("postgres:", type(error).__name__, flush=True)
        time.sleep(5)


if "--check" in sys.argv:
    ping_redis(2)
    select(connect_postgres(2))
else:
    main()
