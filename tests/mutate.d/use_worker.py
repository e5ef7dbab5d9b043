"""The deployment used as the worker uses it, with its own variables: Redis, and PostgreSQL or the web app."""

import os
import re
import sys
import urllib.error
import urllib.request

import psycopg2
import redis

api = os.environ.get("WORKER_API_KEY") and os.environ.get("FLASK_APP_URL")
url = os.environ.get("DATABASE_URL") or ("" if api else "postgresql://localhost/clippy_front")
if url:
    connection = psycopg2.connect(re.sub(r"^postgresql\+\w+:", "postgresql:", url), connect_timeout=4)
    with connection, connection.cursor() as cursor:
        cursor.execute("insert into jobs (note) values (%s) returning id", ["x" * 60000])
        cursor.execute("select length(note) from jobs where id = %s", cursor.fetchone())
        if cursor.fetchone() != (60000,):
            sys.exit("the row is not there")
        cursor.execute("select repeat('x', 60000)")
    connection.close()
fallback = os.environ.get("REDIS_URL") or "redis://localhost:6379/0"
for name in ["CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"]:
    asked = redis.Redis.from_url(os.environ.get(name) or fallback, socket_connect_timeout=4, socket_timeout=6)
    asked.set("mutate", "x" * 60000, ex=60)
    if len(asked.get("mutate")) != 60000:
        sys.exit("Redis gives something else back")
if api:
    asking = urllib.request.Request(os.environ["FLASK_APP_URL"].rstrip("/") + "/api/worker/jobs/0",
                                    headers={"Authorization": "Bearer " + os.environ["WORKER_API_KEY"]})
    try:
        urllib.request.urlopen(asking, timeout=6)
        code = 200
    except urllib.error.HTTPError as error:
        code = error.code
    if code != 404:
        sys.exit(f"the web app answers {code}")
    if not os.environ.get("MEDIA_BASE_URL"):
        sys.exit("no MEDIA_BASE_URL, so that no video can be uploaded")
