"""Whether Orchard's worker works: Redis and PostgreSQL answer, and a worker waits for tasks in the broker's database."""

import os
import sys

import psycopg2
import redis

psycopg2.connect(os.environ["SQLALCHEMY_DATABASE_URI"], connect_timeout=2).close()
broker = redis.Redis.from_url(os.environ["BROKER_URL"], socket_timeout=2, socket_connect_timeout=2)
index = str(broker.connection_pool.connection_kwargs.get("db", 0))
waits = [it for it in broker.client_list() if it["cmd"] == "brpop" and "b" in it["flags"] and it["db"] == index]
sys.exit(0 if waits else 1)
