"""Gives the worker's own libraries its own URLs and prints what they say, a line of JSON for each. Reads only.

The argument is for how many seconds each is waited for. Standard input: {"DATABASE_URL": {"role": "database", "url": "..."}, ...}. No code of the app is imported.
"""
import json
import os
import sys
import threading

PRIORITIES = ("", "\x06\x163", "\x06\x166", "\x06\x169")  # kombu.transport.redis: sep, priority_steps


class Refused(Exception):
    """Not by a library: the answer itself is a refusal."""


def version(module):
    return module.__name__ + " " + str(getattr(module, "__version__", "")).split(" ")[0]


def database(url):
    try:
        import sqlalchemy
    except ImportError:
        sqlalchemy = None
    if sqlalchemy is not None:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
        yield version(engine.dialect.dbapi) + " (" + version(sqlalchemy) + ")"
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SELECT 1")).scalar()
        return
    try:
        import psycopg2 as driver
    except ImportError:
        import psycopg as driver
    yield version(driver)
    scheme, _, rest = url.partition("://")
    connection = driver.connect(scheme.partition("+")[0] + "://" + rest)
    connection.cursor().execute("SELECT 1")
    connection.close()


def broker(url, queues=()):
    import kombu
    import redis

    connection = kombu.Connection(url)
    connection.transport  # imports
    yield version(redis) + " (" + version(kombu) + ")"
    connection.connect()
    client = connection.channel().client
    for queue in queues:
        keys = [queue + end for end in PRIORITIES]
        try:
            for key in keys:
                client.llen(key)
            # In a cluster, keys of different slots cannot be asked for in one command, as BRPOP does.
            if client.info("cluster").get("cluster_enabled"):
                client.exists(*keys)
        except redis.exceptions.NoPermissionError:
            pass  # which rights are missing is asked elsewhere
        except redis.exceptions.ResponseError as error:
            raise type(error)("queue %s: %s" % (queue, error))
    connection.release()


def results(url):
    import celery
    import redis

    app = celery.Celery("clipcheck", backend=url, set_as_current=False)
    client = app.backend.client  # imports
    yield version(redis) + " (" + version(celery) + ")"
    client.ping()


def web(url):
    import requests

    proxies = requests.utils.get_environ_proxies(url)
    if not proxies:
        return  # asked directly already
    yield version(requests)
    session = requests.Session()
    session.auth = lambda request: request  # no password of a .netrc
    proxy = requests.utils.select_proxy(url, session.merge_environment_settings(url, {}, None, None, None)["proxies"])
    answer = session.get(url, timeout=3, allow_redirects=False, stream=True)
    if answer.status_code in (403, 407) or answer.status_code >= 502:
        proxy = proxy.rpartition("@")[2].rpartition("/")[2]
        raise Refused("HTTP %d %s, asked through the proxy %s" % (answer.status_code, answer.reason, proxy))


def words(error):
    inner = getattr(error, "orig", None) or error
    return type(inner).__name__ + ": " + str(inner)


def load(role, url, queues):
    """Up to the library's name: what it imports. Two threads that import Celery at once trip over each other."""
    steps = broker(url, queues) if role == "broker" else {"database": database, "results": results, "web": web}[role](url)
    try:
        return next(steps), steps, None
    except (ImportError, StopIteration):
        return None
    except BaseException as error:
        return role, iter(()), error


def ask(variable, library, steps, error):
    said = "connected"
    try:
        if error is not None:
            raise error
        for _ in steps:
            pass
    except BaseException as error:
        said = words(error)
    with lock:
        print(json.dumps({"variable": variable, "library": library, "said": said}), flush=True)


lock = threading.Lock()
asked = json.load(sys.stdin)
loaded = {variable: load(it["role"], it["url"], it.get("queues", ())) for variable, it in asked.items()}
loaded = {variable: it for variable, it in loaded.items() if it is not None}
threads = [threading.Thread(target=ask, args=(variable, *it), daemon=True) for variable, it in loaded.items()]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(float(sys.argv[1]))
with lock:
    for thread, variable in zip(threads, loaded):
        if thread.is_alive():
            print(json.dumps({"variable": variable, "library": asked[variable]["role"], "said": "silent"}), flush=True)
    os._exit(0)
