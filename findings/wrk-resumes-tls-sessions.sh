#!/usr/bin/env bash
# wrk 4.1.0 resumes TLS sessions: with "Connection: close" each request has a connection of its own, and hardly any has a
# full handshake.
#
# So a benchmark of "a TLS handshake for each request" made with wrk measures resumption, which costs the server a small part
# of a full handshake (no signature), unless the server refuses resumption. wrk prints nothing about it and has no option for
# it. The server sees it: nginx's $ssl_session_reused is "r" for almost every request, with TLS 1.2 and with TLS 1.3.
#
# Needs: bash, openssl, apt-get, dpkg. Installs Debian's wrk 4.1.0-3+b2, libluajit-5.1-2 and nginx 1.22.1-9+deb12u11 into a
# temporary folder; loopback only.
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"
dir=$(mktemp -d)
nginx=
trap 'kill $nginx 2>/dev/null || true; rm -rf "$dir"' EXIT
(cd "$dir" && apt-get download -qq -o APT::Sandbox::User=root wrk=4.1.0-3+b2 libluajit-5.1-2=2.1.0~beta3+git20220320+dfsg-4.1+deb12u1 nginx=1.22.1-9+deb12u11 >/dev/null &&
  for p in *.deb; do dpkg -x "$p" root; done)
export LD_LIBRARY_PATH="$dir/root/usr/lib/$(uname -m)-linux-gnu"
wrk="$dir/root/usr/bin/wrk"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=bench -days 1 -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
port=$((20000 + RANDOM % 9000))
cat >"$dir/nginx.conf" <<CONF
daemon off; master_process off; pid $dir/pid; error_log $dir/error.log;
events {}
http {
  log_format tls '\$ssl_protocol reused=\$ssl_session_reused requests=\$connection_requests';
  access_log $dir/access.log tls;
  client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
  server { listen 127.0.0.1:$port ssl; ssl_certificate $dir/cert.pem; ssl_certificate_key $dir/key.pem; ssl_protocols PROTOCOL; location / { return 200 ok; } }
}
CONF
for protocol in TLSv1.2 TLSv1.3; do
  : >"$dir/access.log"
  sed "s/PROTOCOL/$protocol/" "$dir/nginx.conf" >"$dir/now.conf"
  "$dir/root/usr/sbin/nginx" -c "$dir/now.conf" 2>/dev/null & nginx=$!
  for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.05; done
  "$wrk" -t1 -c4 -d1s -H "Connection: close" "https://127.0.0.1:$port/" >"$dir/wrk.txt"
  kill $nginx; wait $nginx 2>/dev/null || true
  all=$(grep -c "^$protocol .* requests=1$" "$dir/access.log")
  resumed=$(grep -c "^$protocol reused=r requests=1$" "$dir/access.log")
  echo "$protocol: $all requests, each on a connection of its own; $resumed of the handshakes resumed a session"
  if [ "$all" -lt 100 ] || [ $((100 * resumed)) -lt $((95 * all)) ]; then
    echo "changed: wrk no longer resumes nearly every session"
    exit 1
  fi
done
if "$wrk" --help 2>&1 | grep -qiE 'tls|ssl|session'; then
  echo "changed: wrk has an option for it"
  exit 1
fi
echo "seen: wrk 4.1.0 resumes TLS sessions across connections, and has no option against it"
