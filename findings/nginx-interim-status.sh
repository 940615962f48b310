#!/usr/bin/env bash
# nginx 1.22.1 as a proxy takes an informational response of its upstream (100, 102, 103) for the answer.
#
# The upstream sends "103 Early Hints" and then "200 OK" with a body, as RFC 9110 section 15.2 allows. nginx logs status=103
# and upstream_status=103, and passes the real response on as the body of the 103. So a log of nginx can hold requests whose
# status is 100, 102 or 103: they were answered, and with what status the log does not say. (Later versions of nginx pass
# 103 on where early_hints is switched on.)
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
a, b = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
print(a.getsockname()[1], b.getsockname()[1])')

cat >"$dir/upstream.py" <<'PY'
import socket, sys
status = {b"/100": b"100 Continue", b"/102": b"102 Processing", b"/103": b"103 Early Hints"}
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    c, _ = server.accept()
    head = b""
    while b"\r\n\r\n" not in head:
        more = c.recv(65536)
        if not more:
            break
        head += more
    else:
        path = head.split(b" ")[1]
        c.sendall(b"HTTP/1.1 " + status[path] + b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    c.close()
PY
python3 "$dir/upstream.py" "$upstream" & pids+=($!)
until (exec 3<>"/dev/tcp/127.0.0.1/$upstream") 2>/dev/null; do sleep 0.05; done
cat >"$dir/nginx.conf" <<CONF
daemon off; master_process off; pid $dir/pid; error_log $dir/error.log;
events {}
http {
  log_format short '\$request_uri status=\$status upstream_status=\$upstream_status';
  access_log $dir/access.log short;
  client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
  server { listen 127.0.0.1:$front; location / { proxy_pass http://127.0.0.1:$upstream; proxy_http_version 1.1; } }
}
CONF
"$dir/root/usr/sbin/nginx" -c "$dir/nginx.conf" 2>/dev/null & pids+=($!)

python3 - "$front" <<'PY'
import socket, sys, time
def ask(path):
    for _ in range(100):
        try:
            s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=5)
            break
        except OSError:
            time.sleep(0.05)
    s.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    got = b""
    while more := s.recv(65536):
        got += more
    return got
for path, line in ((b"/100", b"HTTP/1.1 100 Continue"), (b"/102", b"HTTP/1.1 102 Processing"), (b"/103", b"HTTP/1.1 103 Early Hints")):
    head, _, body = ask(path).partition(b"\r\n\r\n")
    print(path.decode(), "the client saw:", head.split(b"\r\n")[0].decode(), "| its body:", body)
    assert head.startswith(line) and b"Server: nginx" in head, "the interim response is no longer sent as nginx's own"
    assert body == b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "the answer is no longer passed on as a body"
PY
cat "$dir/access.log"
for status in 100 102 103; do
  grep -qx "/$status status=$status upstream_status=$status" "$dir/access.log"
done
echo "seen: nginx $version logs an informational response as the answer"
