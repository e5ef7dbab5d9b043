"""Orchard's web app: GET / counts the reports, POST /TREE asks for one and waits for it."""

import os
import sys

import psycopg2
from flask import Flask

from orchard.tasks import write_report

app = Flask("orchard")


@app.get("/")
def count():
    with psycopg2.connect(os.environ["SQLALCHEMY_DATABASE_URI"]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM report")
        return {"reports": cursor.fetchone()[0]}


@app.post("/<tree>")
def ask(tree):
    return {"report": write_report.delay(tree).get(timeout=20)}


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]))
