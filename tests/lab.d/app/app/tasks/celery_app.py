"""A Celery application with ClippyFront's queues and settings (app/tasks/celery_app.py of 0.10), and tasks that do nothing.

Celery, kombu and redis-py are the real ones, so what they keep in Redis and say there is real.
"""

import os
import time

from celery import Celery
from kombu import Queue

FALLBACK = os.environ.get("REDIS_URL") or "redis://localhost:6379/0"

celery_app = Celery(
    "clippy_front",
    broker=os.environ.get("CELERY_BROKER_URL") or FALLBACK,
    backend=os.environ.get("CELERY_RESULT_BACKEND") or FALLBACK,
)
celery_app.conf.update(
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    timezone="UTC",
    enable_utc=True,
    broker_connection_retry_on_startup=True,
    # Without exchange and routing key, as there: so all three are shown as `exchange=celery key=celery`.
    task_queues=(Queue("celery"), Queue("cpu"), Queue("gpu")),
)


@celery_app.task(name="app.tasks.video_processing.compile_video_task")
def compile_video_task(seconds=0):
    time.sleep(seconds)


@celery_app.task(name="app.tasks.video_processing.download_clip_task", queue="celery")
def download_clip_task(seconds=0):
    time.sleep(seconds)
