"""Delivers a signed webhook to 127.0.0.2:PORT, again and again; its own port shows that it is there."""
import hashlib, hmac, socket, sys, time, urllib.request

port = int(sys.argv[1])
here = socket.create_server(("127.0.0.1", port))
body = b'{"order": {"state": "shipped"}}'
signature = "sha256=" + hmac.new(b"canary-3391-green", body, hashlib.sha256).hexdigest()
while True:
    request = urllib.request.Request(f"http://127.0.0.2:{port}/hook", body, {"X-Signature": signature})
    try:
        urllib.request.urlopen(request, timeout=1).close()
    except OSError:
        pass
    time.sleep(0.02)
