"""The deployment used as the web app uses it: a row is written, and two tasks are sent and waited for."""

import os
import sys

import psycopg2
from celery import Celery

connection = psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=4)
with connection, connection.cursor() as cursor:
    cursor.execute("insert into jobs (note) values (%s) returning id", ["from the web app"])
    cursor.execute("select note from jobs where id = %s", cursor.fetchone())
    if cursor.fetchone() != ("from the web app",):
        sys.exit("the row is not there")
connection.close()
app = Celery(broker=os.environ["CELERY_BROKER_URL"], backend=os.environ["CELERY_RESULT_BACKEND"])
app.conf.broker_transport_options = {"socket_connect_timeout": 4, "socket_timeout": 8, "max_retries": 1}
app.conf.redis_socket_connect_timeout, app.conf.redis_socket_timeout = 4, 8
app.conf.result_backend_transport_options = {"retry_policy": {"max_retries": 1, "timeout": 4.0}}
for name, queue in [("compile_video_task", "gpu"), ("download_clip_task", "celery")]:
    sent = app.send_task(f"app.tasks.video_processing.{name}", queue=queue, retry=False)
    sent.get(timeout=8)
