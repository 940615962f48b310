#!/usr/bin/env bash
# nginx 1.22.1 as a proxy: an attempt that was refused has an upstream_status and an upstream_response_time like any other, and only
# the dash in upstream_connect_time tells it from a connection that was accepted and closed. The stamp of a line is of the end.
#
# Three requests: to a port on which nothing listens, to one that accepts, reads and closes, and to one that never answers, with
# proxy_read_timeout 2s. nginx logs 502, 502 and 504 in both status and upstream_status, and a response time for each; connect time is
# "-", "0.000" and "0.000". $time_iso8601 of the third is two seconds after the request began. So who counts connect times must
# not read the dash as zero, and who asks what happened meanwhile must subtract request_time from the stamp.
#
# Needs: bash, python3, apt-get, dpkg. Installs Debian's nginx 1.22.1-9+deb12u11 into a temporary folder; loopback only.
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"
version=1.22.1-9+deb12u11
dir=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$dir"' EXIT
(cd "$dir" && apt-get download -qq -o APT::Sandbox::User=root "nginx=$version" >/dev/null && dpkg -x nginx_*.deb root)

read -r nobody closes silent front < <(python3 -c 'import socket
s = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
print(*(x.getsockname()[1] for x in s))')
cat >"$dir/upstreams.py" <<'PY'
import socket, sys, threading
def closing(port):
    server = socket.create_server(("127.0.0.1", port))
    while True:
        c, _ = server.accept()
        c.recv(65536)
        c.close()
def silent(port):
    server, kept = socket.create_server(("127.0.0.1", port)), []
    while True:
        kept.append(server.accept())
threading.Thread(target=closing, args=(int(sys.argv[1]),), daemon=True).start()
silent(int(sys.argv[2]))
PY
python3 "$dir/upstreams.py" "$closes" "$silent" & pids+=($!)
for port in "$closes" "$silent"; do until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.05; done; done
cat >"$dir/nginx.conf" <<CONF
daemon off; master_process off; pid $dir/pid; error_log $dir/error.log;
events {}
http {
  log_format short '\$request_uri \$status upstream=\$upstream_status connect=\$upstream_connect_time response=\$upstream_response_time at=\$time_iso8601';
  access_log $dir/access.log short;
  client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
  server {
    listen 127.0.0.1:$front;
    proxy_read_timeout 2s;
    location /nobody { proxy_pass http://127.0.0.1:$nobody; }
    location /closes { proxy_pass http://127.0.0.1:$closes; }
    location /silent { proxy_pass http://127.0.0.1:$silent; }
  }
}
CONF
"$dir/root/usr/sbin/nginx" -c "$dir/nginx.conf" 2>/dev/null & pids+=($!)
until (exec 3<>"/dev/tcp/127.0.0.1/$front") 2>/dev/null; do sleep 0.05; done

began=$(python3 - "$front" <<'PY'
import sys, time, urllib.error, urllib.request
for path in ("/nobody", "/closes", "/silent"):
    began = time.time()
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}{path}", timeout=10)
    except urllib.error.HTTPError:
        pass
print(began)
PY
)
cat "$dir/access.log"
grep -qE '^/nobody 502 upstream=502 connect=- response=0\.0[0-9]+ ' "$dir/access.log"
grep -qE '^/closes 502 upstream=502 connect=0\.0[0-9]+ response=0\.0[0-9]+ ' "$dir/access.log"
grep -qE '^/silent 504 upstream=504 connect=0\.0[0-9]+ response=2\.0[0-9]+ ' "$dir/access.log"
python3 - "$began" "$(sed -n 's/^\/silent .* at=//p' "$dir/access.log")" <<'PY'
import datetime, sys
after = datetime.datetime.fromisoformat(sys.argv[2]).timestamp() - float(sys.argv[1])
print(f"the stamp of the request that waited 2 s is {after:.1f} s after its beginning")
assert 1 <= after <= 3, "the stamp is no longer of the end"
PY
echo "seen: nginx $version tells a refusal by the dash in upstream_connect_time alone, and stamps the end"
