"""Orchard's tasks. Its variables, its queue and its tables have other names than ClippyFront's."""

import os

import psycopg2
from celery import Celery
from kombu import Queue

celery = Celery("orchard", broker=os.environ["BROKER_URL"], backend=os.environ["RESULT_URL"])
celery.conf.update(
    task_queues=(Queue("reports"), Queue("mail")),
    task_default_queue="reports",
    broker_connection_retry_on_startup=True,
)


@celery.task(name="orchard.write_report")
def write_report(tree):
    with psycopg2.connect(os.environ["SQLALCHEMY_DATABASE_URI"]) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO report (tree) VALUES (%s) RETURNING id", (tree,))
        return cursor.fetchone()[0]
