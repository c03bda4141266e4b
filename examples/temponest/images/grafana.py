"""A stand-in for Grafana: the routes of its HTTP API that a deploy asks, and its token check, before a real Prometheus.

Answers have Grafana's own formats: data frames for /api/ds/query, dashboards from a folder of JSON models as Grafana
provisions them (a subfolder is a folder), Prometheus' alerts as an Alertmanager tells them, annotations. Nothing is drawn,
and no alert can be silenced. Annotations are kept in memory. Only Python's standard library is needed.

    grafana.py --listen HOST:PORT --prometheus URL --token-file FILE [--datasource UID] [--dashboards FOLDER]
"""
import argparse
import datetime
import hashlib
import itertools
import json
import math
import pathlib
import re
import signal
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "10.4.0"


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(status)
        self.status, self.body = status, body


# ---- Prometheus -------------------------------------------------------------------------------------------------

def ask(path, **parameters):
    """What Prometheus answers. Its own errors are bad_data (400); silence is a bad gateway (502)."""
    url = f"{options.prometheus}{path}?{urllib.parse.urlencode(parameters)}"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        try:
            said = json.load(error)
        except ValueError:
            raise Refused(502, "bad gateway") from None
        raise Refused(400, f"{said.get('errorType')}: {said.get('error')}") from None
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise Refused(502, f'Post "{options.prometheus}{path}": {reason}') from None


# ---- data frames ------------------------------------------------------------------------------------------------

def moment(text, now):
    """Grafana's times: "now", "now-5m", or milliseconds since 1970. Gives seconds."""
    text = str(text)
    relative = re.fullmatch(r"now(?:-(\d+)([smhdw]))?", text)
    if not relative:
        return int(text) / 1000
    return now - int(relative[1] or 0) * {None: 0, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[relative[2]]


def frame(reference, series, kind, expression):
    """One series as a data frame. What JSON cannot hold stands as null, and is named under "entities"."""
    metric = dict(series.get("metric", {}))
    samples = series.get("values") or [series["value"]]
    times = [round(float(at) * 1000) for at, _ in samples]
    values, entities = [], {}
    for index, (_, text) in enumerate(samples):
        number = float(text)
        if math.isfinite(number):
            values.append(number)
            continue
        values.append(None)
        entities.setdefault("NaN" if math.isnan(number) else "Inf" if number > 0 else "NegInf", []).append(index)
    name = metric.pop("__name__", None)
    labels = ", ".join(f'{key}="{value}"' for key, value in sorted(metric.items()))
    shown = f"{name or ''}{{{labels}}}" if labels else name or expression
    field = {"name": "Value", "type": "number", "typeInfo": {"frame": "float64"}, "config": {"displayNameFromDS": shown}}
    if series.get("metric"):
        field["labels"] = series["metric"]
    meta = {"type": "timeseries-multi" if kind == "matrix" else "numeric-multi", "typeVersion": [0, 1],
            "custom": {"resultType": kind}, "executedQueryString": f"Expr: {expression}"}
    time_field = {"name": "Time", "type": "time", "typeInfo": {"frame": "time.Time"}, "config": {}}
    data = {"values": [times, values]}
    if entities:
        data["entities"] = [None, entities]
    return {"schema": {"refId": reference, "meta": meta, "fields": [time_field, field]}, "data": data}


def macros(expression, window, interval):
    """What Grafana's Prometheus backend puts in place; dashboard variables it leaves to the frontend."""
    for name, value in (("__range_ms", window * 1000), ("__range_s", window), ("__range", f"{window}s"),
                        ("__rate_interval", f"{max(interval + 15, 60)}s"), ("__interval", f"{interval}s")):
        expression = expression.replace(f"${{{name}}}", str(value)).replace(f"${name}", str(value))
    return expression


def run_query(query, start, end):
    reference = query.get("refId", "A")
    if (query.get("datasource") or {}).get("uid") != options.datasource:
        raise Refused(404, {"message": "Data source not found", "messageId": "datasource.notFound", "statusCode": 404})
    expression = macros(query.get("expr", ""), max(1, round(end - start)), max(1, query.get("intervalMs", 15000) // 1000))
    try:
        if query.get("range") and not query.get("instant"):
            step = max(1, query.get("intervalMs", 15000) / 1000)
            data = ask("/api/v1/query_range", query=expression, start=start, end=end, step=step)
        else:
            data = ask("/api/v1/query", query=expression, time=end)
    except Refused as refused:
        return reference, {"error": refused.body, "errorSource": "downstream", "status": refused.status, "frames": []}
    kind, result = data["resultType"], data["result"]
    if kind in ("scalar", "string"):
        result = [{"value": result}]
    return reference, {"status": 200, "frames": [frame(reference, one, kind, expression) for one in result]}


def ds_query(_match, body, _parameters):
    now = time.time()
    if not body.get("queries"):
        raise Refused(400, {"message": "No queries found", "messageId": "query.noQueries", "statusCode": 400})
    start, end = moment(body.get("from", "now-6h"), now), moment(body.get("to", "now"), now)
    results = dict(run_query(query, start, end) for query in body["queries"])
    failed = any("error" in result for result in results.values())
    return 400 if failed else 200, {"results": results}


# ---- dashboards, data sources, rules ------------------------------------------------------------------------------

def datasource():
    return {"id": 1, "uid": options.datasource, "orgId": 1, "name": "Prometheus", "type": "prometheus", "access": "proxy",
            "url": options.prometheus, "isDefault": True, "jsonData": {"httpMethod": "POST"}, "readOnly": True}


def dashboards():
    """(folder, model) of each JSON file, read anew each time as Grafana's provisioning looks for changes."""
    for path in sorted(pathlib.Path(options.dashboards).glob("**/*.json")):
        folder = path.parent.name if path.parent != pathlib.Path(options.dashboards) else ""
        yield folder, json.loads(path.read_text(encoding="utf-8"))


def list_datasources(_match, _body, _parameters):
    return 200, [datasource()]


def get_datasource(match, _body, _parameters):
    if match[1] != options.datasource:
        raise Refused(404, {"message": "Data source not found", "messageId": "datasource.notFound", "statusCode": 404})
    return 200, datasource()


def slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def get_dashboard(match, _body, _parameters):
    for folder, model in dashboards():
        if model["uid"] == match[1]:
            meta = {"type": "db", "canSave": False, "slug": slug(model["title"]), "version": model.get("version", 1),
                    "url": f"/d/{model['uid']}/{slug(model['title'])}", "provisioned": True,
                    "folderTitle": folder or "General", "folderUid": slug(folder)}
            return 200, {"meta": meta, "dashboard": {"id": 1, **model}}
    raise Refused(404, {"message": "Dashboard not found", "status": "not-found"})


def search(_match, _body, parameters):
    wanted, kinds = parameters.get("query", [""])[0].lower(), parameters.get("type", ["dash-db"])
    found = []
    for number, (folder, model) in enumerate(dashboards(), start=1):
        if wanted in model["title"].lower() and "dash-db" in kinds:
            inside = {"folderTitle": folder, "folderUid": slug(folder)} if folder else {}
            found.append({"id": number, "uid": model["uid"], "title": model["title"], "type": "dash-db", "slug": "",
                          "uri": f"db/{slug(model['title'])}", "url": f"/d/{model['uid']}/{slug(model['title'])}",
                          "tags": model.get("tags", []), "isStarred": False, **inside})
    return 200, found[: int(parameters.get("limit", ["1000"])[0])]


def rules(_match, _body, _parameters):
    groups = ask("/api/v1/rules", type="alert")["groups"]
    return 200, {"status": "success", "data": {"groups": [
        {"name": group["name"], "file": "temponest", "interval": group["interval"], "lastEvaluation": group["lastEvaluation"],
         "evaluationTime": group["evaluationTime"],
         "rules": [{**rule, "state": {"inactive": "inactive", "pending": "pending"}.get(rule["state"], "firing"),
                    "alerts": [{**alert, "state": {"firing": "Alerting", "pending": "Pending"}[alert["state"]]}
                               for alert in rule["alerts"]]} for rule in group["rules"]]} for group in groups]}}


def alerts(_match, _body, parameters):
    """What fires, as an Alertmanager lists it."""
    now = datetime.datetime.now(datetime.timezone.utc)
    listed = []
    for alert in ask("/api/v1/alerts")["alerts"]:
        if alert["state"] != "firing" or parameters.get("active", ["true"])[0] == "false":
            continue
        labels = {**alert["labels"], "grafana_folder": "temponest"}
        listed.append({
            "labels": labels, "annotations": alert["annotations"], "startsAt": alert["activeAt"],
            "endsAt": (now + datetime.timedelta(minutes=4)).isoformat(), "updatedAt": now.isoformat(),
            "fingerprint": hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:16],
            "generatorURL": "", "receivers": [{"name": "default"}],
            "status": {"state": "active", "silencedBy": [], "inhibitedBy": []}})
    return 200, listed


# ---- annotations --------------------------------------------------------------------------------------------------

annotations, numbers, lock = {}, itertools.count(1), threading.Lock()


def find_annotation(match):
    try:
        return annotations[int(match[1])]
    except KeyError:
        missing = {"message": "Annotation not found", "messageId": "annotations.notFound", "statusCode": 404}
        raise Refused(404, missing) from None


def add_annotation(_match, body, _parameters):
    if not body.get("text"):
        raise Refused(400, {"message": "Failed to save annotation", "error": "text field should not be empty"})
    now = round(time.time() * 1000)
    at = body.get("time") or now
    number = next(numbers)
    annotations[number] = {
        "id": number, "alertId": 0, "alertName": "", "dashboardId": 0, "dashboardUID": body.get("dashboardUID"),
        "panelId": body.get("panelId", 0), "userId": 0, "userName": "", "newState": "", "prevState": "",
        "created": now, "updated": now, "time": at, "timeEnd": body.get("timeEnd") or at, "text": body["text"],
        "tags": body.get("tags") or [], "login": "deploy", "email": "", "avatarUrl": "", "data": {}}
    return 200, {"message": "Annotation added", "id": number}


def get_annotation(match, _body, _parameters):
    return 200, find_annotation(match)


def list_annotations(_match, _body, parameters):
    tags = set(parameters.get("tags", []))
    start, end = int(parameters.get("from", ["0"])[0]), int(parameters.get("to", ["9999999999999"])[0])
    found = [one for one in annotations.values() if tags <= set(one["tags"]) and one["timeEnd"] >= start and one["time"] <= end]
    newest_first = sorted(found, key=lambda one: one["time"], reverse=True)
    return 200, newest_first[: int(parameters.get("limit", ["100"])[0])]


def patch_annotation(match, body, _parameters):
    known = {key: body[key] for key in ("text", "tags", "time", "timeEnd") if key in body}
    find_annotation(match).update(known, updated=round(time.time() * 1000))
    return 200, {"message": "Annotation patched"}


def delete_annotation(match, _body, _parameters):
    del annotations[find_annotation(match)["id"]]
    return 200, {"message": "Annotation deleted"}


# ---- HTTP -----------------------------------------------------------------------------------------------------------

ROUTES = [(method, re.compile(path), call) for method, path, call in (
    ("GET", r"/api/datasources", list_datasources),
    ("GET", r"/api/datasources/uid/([\w-]+)", get_datasource),
    ("POST", r"/api/ds/query", ds_query),
    ("GET", r"/api/dashboards/uid/([\w-]+)", get_dashboard),
    ("GET", r"/api/search", search),
    ("GET", r"/api/prometheus/grafana/api/v1/rules", rules),
    ("GET", r"/api/alertmanager/grafana/api/v2/alerts", alerts),
    ("POST", r"/api/annotations", add_annotation),
    ("GET", r"/api/annotations", list_annotations),
    ("GET", r"/api/annotations/(\d+)", get_annotation),
    ("PATCH", r"/api/annotations/(\d+)", patch_annotation),
    ("DELETE", r"/api/annotations/(\d+)", delete_annotation),
)]


def route(method, target, headers, text):
    url = urllib.parse.urlsplit(target)
    if url.path == "/api/health":
        return 200, {"commit": "stand-in", "database": "ok", "version": VERSION}
    with open(options.token_file, encoding="utf-8") as file:
        if headers.get("Authorization") != f"Bearer {file.read().strip()}":
            raise Refused(401, {"message": "Unauthorized"})
    try:
        body = json.loads(text or "{}")
    except ValueError:
        raise Refused(400, {"message": "bad request data"}) from None
    for wanted, path, call in ROUTES:
        match = path.fullmatch(url.path)
        if match and wanted == method:
            return call(match, body, urllib.parse.parse_qs(url.query))
    raise Refused(404, {"message": "Not found"})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            with lock:
                status, body = route(self.command, self.path, self.headers, text)
        except Refused as refused:
            status = refused.status
            body = refused.body if isinstance(refused.body, dict) else {"message": refused.body}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PATCH = do_DELETE = answer

    def log_message(self, *_):
        pass


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listen", default="127.0.0.1:3000")
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090")
    parser.add_argument("--token-file", required=True)
    parser.add_argument("--datasource", default="prometheus")
    parser.add_argument("--dashboards", default="/var/lib/grafana/dashboards")
    return parser.parse_args()


if __name__ == "__main__":
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    host, _, port = options.listen.rpartition(":")
    ThreadingHTTPServer((host, int(port)), Handler).serve_forever()
