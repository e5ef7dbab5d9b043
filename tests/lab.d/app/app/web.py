"""A web app with ClippyFront's worker interface (app/api/worker.py), its forced https and its limit, and no pages.

    python3 -m app.web PORT [CERTIFICATE KEY]

Flask, Flask-Talisman and Flask-Limiter are the real ones, set as ClippyFront sets them with FLASK_ENV=production.
"""

import os
import sys

import psycopg2
from flask import Flask, jsonify, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_talisman import Talisman

app = Flask(__name__)
production = os.environ.get("FLASK_ENV") == "production"
Talisman(app, force_https=production, content_security_policy=None)
limit = os.environ.get("LIMIT", "50 per hour")
Limiter(get_remote_address, app=app, default_limits=[limit], storage_uri=os.environ["REDIS_URL"], enabled=production)


@app.get("/api/health")
def health():
    return jsonify(status="healthy")


@app.get("/api/worker/jobs/<int:job>")
def job_of(job):
    key = os.environ.get("WORKER_API_KEY")
    if not key:
        return jsonify(error="Worker API not configured"), 500
    if request.headers.get("Authorization") != f"Bearer {key}":
        return jsonify(error="Unauthorized"), 401
    # What fails is Flask's to log and to answer with 500.
    psycopg2.connect(os.environ["DATABASE_URL"], connect_timeout=2).close()
    return jsonify(error="Job not found"), 404


if __name__ == "__main__":
    port, *pair = sys.argv[1:]
    app.run("0.0.0.0", int(port), ssl_context=tuple(pair) or None)
