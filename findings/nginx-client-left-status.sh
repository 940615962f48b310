#!/usr/bin/env bash
# nginx 1.22.1 as a proxy: a client that leaves is logged with 499 only while it waits for the answer. One that closes in the middle of
# its upload is logged with 400, and one that closes in the middle of a download with the status that the upstream gave, here 200. So who
# counts 499 to learn how many clients left sees neither of the two, and a 200 may be of an answer that nobody got whole.
#
# Four connections, each closed by the client: in the middle of a body of 100 bytes, before the head of an answer, in the middle of an
# answer that the upstream sends in two halves a second apart, and after a whole answer. nginx logs 400, 499, 200 and 200. The two that are
# logged with 200 differ only in body_bytes_sent.
#
# Needs: bash, python3, apt-get, dpkg. Installs Debian's nginx 1.22.1-9+deb12u11 into a temporary folder; loopback only.
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"
version=1.22.1-9+deb12u11
dir=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$dir"' EXIT
(cd "$dir" && apt-get download -qq -o APT::Sandbox::User=root "nginx=$version" >/dev/null && dpkg -x nginx_*.deb root)

read -r upstream front < <(python3 -c 'import socket
s = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(x.getsockname()[1] for x in s))')
cat >"$dir/upstream.py" <<'PY'
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
half = b"x" * 50000
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/late":
            time.sleep(2)
        self.send_response(200)
        self.send_header("Content-Length", str(2 * len(half)))
        self.end_headers()
        try:
            self.wfile.write(half)
            if self.path == "/halves":
                self.wfile.flush()
                time.sleep(1)
            self.wfile.write(half)
        except OSError:
            pass
    do_POST = do_GET
    def log_message(self, *_):
        pass
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
PY
python3 "$dir/upstream.py" "$upstream" & pids+=($!)
until (exec 3<>"/dev/tcp/127.0.0.1/$upstream") 2>/dev/null; do sleep 0.05; done
cat >"$dir/nginx.conf" <<CONF
daemon off; master_process off; pid $dir/pid; error_log $dir/error.log;
events {}
http {
  log_format short '\$request_uri status=\$status upstream=\$upstream_status sent=\$body_bytes_sent';
  access_log $dir/access.log short;
  client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
  server {
    listen 127.0.0.1:$front;
    location / { proxy_pass http://127.0.0.1:$upstream; }
  }
}
CONF
"$dir/root/usr/sbin/nginx" -c "$dir/nginx.conf" 2>/dev/null & pids+=($!)
until (exec 3<>"/dev/tcp/127.0.0.1/$front") 2>/dev/null; do sleep 0.05; done

python3 - "$front" <<'PY'
import socket, sys, time
def talk(head, read):
    c = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    c.sendall(head)
    got = 0
    while got < read:
        got += len(c.recv(65536))
    time.sleep(0.3)
    c.close()
    time.sleep(0.3)
host = b"Host: shop.example\r\nConnection: close\r\n"
talk(b"POST /upload HTTP/1.1\r\n" + host + b"Content-Length: 100\r\n\r\nten bytes!", 0)
talk(b"GET /late HTTP/1.1\r\n" + host + b"\r\n", 0)
talk(b"GET /halves HTTP/1.1\r\n" + host + b"\r\n", 1)
talk(b"GET /whole HTTP/1.1\r\n" + host + b"\r\n", 100000)
PY
for _ in $(seq 100); do [ "$(wc -l <"$dir/access.log")" -ge 4 ] && break; sleep 0.05; done
cat "$dir/access.log"
grep -qE '^/upload status=400 upstream=- ' "$dir/access.log"
grep -qE '^/late status=499 ' "$dir/access.log"
grep -qE '^/halves status=200 upstream=200 ' "$dir/access.log"
grep -qE '^/whole status=200 upstream=200 sent=100000$' "$dir/access.log"
if grep -qE '^/halves .*sent=100000$' "$dir/access.log"; then exit 1; fi
echo "seen: nginx $version logs clients that left with 400, 499 or the upstream's own status, by when they left"
