#!/usr/bin/env bash
# nginx writes a status into $upstream_status that no upstream has sent.
#
# Two requests: nobody listens; the upstream takes the request and says nothing for longer than proxy_read_timeout. nginx 1.22.1
# logs upstream_status 502 and 504, just as if the upstream had said so. What tells them from an upstream's own 502 (the third
# request) is $upstream_header_time alone: it is "-" where no head came. A log that has only the status (Azure's v2 gateways have
# nginx underneath, and their field is serverStatus) does not prove an answer.
#
# Needs: bash, python3, apt-get, dpkg. Installs Debian's nginx 1.22.1-9+deb12u11 into a temporary folder; loopback only.
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"
version=1.22.1-9+deb12u11
dir=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$dir"' EXIT
(cd "$dir" && apt-get download -qq -o APT::Sandbox::User=root "nginx=$version" >/dev/null && dpkg -x nginx_*.deb root)

read -r upstream front nobody < <(python3 -c 'import socket
s = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(x.getsockname()[1] for x in s))')

cat >"$dir/upstream.py" <<'PY'
import socket, sys, threading, time
answers = {
    b"/own": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nown",
}
def serve(c):
    head = b""
    while b"\r\n\r\n" not in head:
        more = c.recv(65536)
        if not more:
            return c.close()
        head += more
    path = head.split(b" ")[1]
    if path == b"/silent":
        time.sleep(3)
    else:
        c.sendall(answers[path])
    c.close()
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
PY
python3 "$dir/upstream.py" "$upstream" & pids+=($!)
until (exec 3<>"/dev/tcp/127.0.0.1/$upstream") 2>/dev/null; do sleep 0.05; done
cat >"$dir/nginx.conf" <<CONF
daemon off; master_process off; pid $dir/pid; error_log $dir/error.log;
events {}
http {
  log_format short '\$request_uri status=\$status upstream_status=\$upstream_status upstream_header_time=\$upstream_header_time';
  access_log $dir/access.log short; proxy_read_timeout 1s;
  client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
  server { listen 127.0.0.1:$front;
    location / { proxy_pass http://127.0.0.1:$upstream; }
    location /refused { proxy_pass http://127.0.0.1:$nobody; } }
}
CONF
"$dir/root/usr/sbin/nginx" -c "$dir/nginx.conf" 2>/dev/null & pids+=($!)

python3 - "$front" <<'PY'
import sys, time, urllib.error, urllib.request
for path in ("refused", "silent", "own"):
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/{path}", timeout=10)
        except urllib.error.HTTPError:
            pass
        except OSError:
            time.sleep(0.05)
            continue
        break
PY
cat "$dir/access.log"
grep -qx '/refused status=502 upstream_status=502 upstream_header_time=-' "$dir/access.log"
grep -qx '/silent status=504 upstream_status=504 upstream_header_time=-' "$dir/access.log"
grep -qx '/own status=502 upstream_status=502 upstream_header_time=0\.[0-9]*' "$dir/access.log"
echo "seen: nginx $version writes its own 502 and 504 into \$upstream_status"
