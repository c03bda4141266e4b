"""markers.py PORT remove|show: the deploy markers that Grafana holds; of those, show prints the ones not rolled back."""
import json, sys, urllib.request

base = f"http://127.0.0.1:{sys.argv[1]}/api/annotations"


def ask(method, url):
    request = urllib.request.Request(url, method=method, headers={"Authorization": "Bearer canary-3391-green"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


for marker in ask("GET", f"{base}?tags=deploy"):
    if sys.argv[2] == "remove":
        ask("DELETE", f"{base}/{marker['id']}")
    elif "rolled-back" not in marker["tags"]:
        print(marker["text"], sorted(marker["tags"]))
