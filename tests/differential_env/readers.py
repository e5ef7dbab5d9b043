"""The real readers, many texts at a time: a list of cases as JSON on standard input, a list of answers on output.

dotenv   python-dotenv, as load_dotenv() without override
url      SQLAlchemy and psycopg2, or redis-py and kombu
docker   the Docker client, asked to create a container by an engine that is none
compose  docker compose config
"""

import http.server
import io
import json
import os
import socketserver
import subprocess
import sys
import tempfile
import threading


def dotenv(cases):
    from dotenv.main import DotEnv

    os.environ.clear()
    os.environ.update(cases["environment"])
    read = lambda text: DotEnv(dotenv_path=None, stream=io.StringIO(text), interpolate=True, override=False).dict()
    return [dict(read(text)) for text in cases["texts"]]


def url(cases):
    import kombu
    import psycopg2.extensions
    import redis
    from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
    from sqlalchemy.engine import make_url

    def postgres(text):
        parsed = make_url(text)
        if parsed.get_backend_name() != "postgresql" or parsed.get_driver_name() != "psycopg2":
            return None
        _, options = PGDialect_psycopg2().create_connect_args(parsed)
        psycopg2.extensions.make_dsn(**options)
        keys = {"host": "host", "port": "port", "database": "dbname", "user": "user", "password": "password",
                "sslmode": "sslmode"}
        return {name: options.get(key) for name, key in keys.items()}

    def broker(text):
        client = redis.connection.parse_url(text)
        parts = kombu.Connection(text)
        index = parts.virtual_host
        index = 0 if index in (None, "", "/") else int(index.lstrip("/"))
        answer = {
            "host": client.get("host"),
            "port": client.get("port"),
            "database": client.get("db", 0),
            "user": client.get("username"),
            "password": client.get("password"),
        }
        same = (parts.hostname, parts.port, index, parts.userid or None, parts.password or None)
        theirs = (answer["host"], answer["port"], answer["database"], answer["user"], answer["password"])
        if tuple(x or None for x in same) != tuple(x or None for x in theirs):
            return None
        return answer

    answers = []
    for text in cases["texts"]:
        try:
            answers.append(broker(text) if text.strip().startswith("redis") else postgres(text))
        except Exception:
            answers.append(None)
    return answers


class Engine(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers the two questions that `docker create` asks, and keeps the environment that it was told."""

    daemon_threads = True
    told = None

    class RequestHandlerClass(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, body):
            self.send_response(200 if self.command != "POST" else 201)
            self.send_header("Api-Version", "1.41")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def do_HEAD(self):
            self.answer(b"")

        def do_GET(self):
            self.answer(b"{}" if "_ping" not in self.path else b"OK")

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.server.told = body.get("Env")
            self.answer(b'{"Id": "0123456789abcdef", "Warnings": []}')

        def log_message(self, *_):
            pass

        def address_string(self):
            return "local"

    def __init__(self, path):
        super().__init__(path, self.RequestHandlerClass)


def docker(cases):
    answers = []
    with tempfile.TemporaryDirectory() as folder:
        socket, file = os.path.join(folder, "engine"), os.path.join(folder, "env.list")
        engine = Engine(socket)
        threading.Thread(target=engine.serve_forever, daemon=True).start()
        environment = {**cases["environment"], "PATH": os.environ["PATH"], "DOCKER_HOST": "unix://" + socket}
        for text in cases["texts"]:
            with open(file, "w", newline="") as out:
                out.write(text)
            engine.told = None
            done = subprocess.run(["docker", "create", "--env-file", file, "x"], env=environment, capture_output=True)
            pairs = [pair.partition("=") for pair in engine.told or [] if "=" in pair]
            answers.append({name: value for name, _, value in pairs} if done.returncode == 0 else None)
        engine.shutdown()
    return answers


def compose(cases):
    answers = []
    program = next(path for path in cases["programs"] if os.path.exists(path))
    print(subprocess.run([program, "version"], capture_output=True, text=True).stdout.strip(), file=sys.stderr)
    for files in cases["stacks"]:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
                with open(os.path.join(folder, name), "w", newline="") as out:
                    out.write(text)
            done = subprocess.run(
                [program, "config", "--format", "json"], cwd=folder, env=cases["environment"], capture_output=True
            )
            if done.returncode != 0:
                answers.append(None)
                continue
            unescape = lambda value: value if value is None else value.replace("$$", "$")
            services = json.loads(done.stdout)["services"]
            answers.append(
                {
                    name: {key: unescape(value) for key, value in (service.get("environment") or {}).items()}
                    for name, service in services.items()
                }
            )
    return answers


json.dump({"dotenv": dotenv, "url": url, "docker": docker, "compose": compose}[sys.argv[1]](json.load(sys.stdin)), sys.stdout)
