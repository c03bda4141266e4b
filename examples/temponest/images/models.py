"""Stand-ins for Qdrant and Ollama: the few routes of their HTTP APIs that the sample uses, answered in memory.

    models.py qdrant|ollama PORT
"""
import hashlib
import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

points = {}


def embedding(text):
    return [byte / 255 for byte in hashlib.sha256(text.encode()).digest()[:8]]


def qdrant(method, path, body):
    if path in ("/", "/healthz", "/readyz"):
        return {"title": "qdrant (stand-in)", "version": "1.9.0"}
    collection = re.fullmatch(r"/collections/([\w-]+)(/points(?:/search)?)?", path)
    if not collection:
        return None
    held = points.setdefault(collection[1], {})
    if method == "PUT" and collection[2] == "/points":
        held.update((point["id"], point) for point in body["points"])
        return {"result": {"status": "completed"}, "status": "ok"}
    if method == "POST" and collection[2]:
        def score(point):
            return sum(a * b for a, b in zip(point["vector"], body["vector"]))
        best = sorted(held.values(), key=score, reverse=True)[: body.get("limit", 10)]
        return {"result": [{"id": p["id"], "score": score(p), "payload": p.get("payload")} for p in best], "status": "ok"}
    return {"result": {"status": "green", "points_count": len(held)}, "status": "ok"}


def ollama(_method, path, body):
    if path == "/api/tags":
        return {"models": [{"name": "stand-in:latest"}]}
    if path == "/api/version":
        return {"version": "0.3.0"}
    if path == "/api/embeddings":
        return {"embedding": embedding(body["prompt"])}
    if path == "/api/generate":
        text = f"def solve():\n    \"\"\"{body['prompt'][:200]}\"\"\"\n    return 42\n"
        return {"model": body["model"], "response": text, "done": True,
                "prompt_eval_count": len(body["prompt"].split()) * 4 // 3 + 1, "eval_count": len(text.split()) * 4 // 3}
    return {} if path == "/" else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        result = serve(self.command, self.path.split("?")[0], body)
        text = json.dumps({"error": "not found"} if result is None else result).encode()
        self.send_response(404 if result is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    import signal
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serve = {"qdrant": qdrant, "ollama": ollama}[sys.argv[1]]
    ThreadingHTTPServer(("", int(sys.argv[2])), Handler).serve_forever()
