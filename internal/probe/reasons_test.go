package probe

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"causeway/internal/certs"
	"causeway/internal/certs/certstest"
	"causeway/internal/conn"
	"causeway/internal/gateway"
	"causeway/internal/stall"
)

func sockets() Dialer {
	var home *conn.Loop
	conn.NewGoroutines(func(h *conn.Loop) { home = h })
	return home
}

// server is a member whose connections are given to serve.
func server(t *testing.T, serve func(c net.Conn)) netip.AddrPort {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return ln.Addr().(*net.TCPAddr).AddrPort()
}

// says is a server that reads a request and answers it.
func says(answer string) func(net.Conn) {
	return func(c net.Conn) {
		c.Read(make([]byte, 4<<10))
		io.WriteString(c, answer)
	}
}

func spec() *Spec {
	return &Spec{
		Host: "h", Path: "/health", Timeout: 5 * time.Second, Threshold: 3,
		Match: gateway.Match{StatusCodes: []gateway.StatusRange{{From: 200, To: 399}}},
	}
}

// Every way to fail has a word, and a sentence that holds the telling words of Azure's own.
func TestReasons(t *testing.T) {
	f := func(what string, serve func(net.Conn), edit func(*Spec), reason string, words ...string) {
		t.Helper()
		s := spec()
		s.Addr = server(t, serve)
		if edit != nil {
			edit(s)
		}
		got, _ := s.Ask(t.Context(), sockets(), (*stall.Detector)(nil))
		if got.Reason != reason && got.Reason+" "+got.Code != reason {
			t.Errorf("%s: %q, %q (%s), want %q", what, got.Reason, got.Code, got.Detail, reason)
		}
		for _, word := range words {
			if !strings.Contains(strings.ToLower(got.Detail), strings.ToLower(word)) {
				t.Errorf("%s: %q does not say %q", what, got.Detail, word)
			}
		}
	}
	body := func(text string) func(*Spec) { return func(s *Spec) { s.Match.Body = text } }
	quick := func(s *Spec) { s.Timeout = 100 * time.Millisecond }
	const page = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready"

	f("fine", says(page), nil, "", "Success", "Received 200")
	f("a redirect is fine", says("HTTP/1.1 301 Moved\r\nLocation: /\r\n\r\n"), nil, "", "Received 301")
	f("an interim response comes first", says("HTTP/1.1 103 Early Hints\r\n\r\n"+page), nil, "")
	f("several do", says("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"+page), nil, "",
		"Received 200")
	f("bare LF", says("HTTP/1.1 200 OK\n\n"), nil, "")
	f("the text is there", says(page), body("ready"), "")
	f("in a chunked body", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrea\r\n2\r\ndy\r\n0\r\n\r\n"), body("ready"), "")
	f("in a body until the end", says("HTTP/1.0 200 OK\r\n\r\nall is ready"), body("ready"), "")
	f("far into a body", says("HTTP/1.1 200 OK\r\nContent-Length: 100005\r\n\r\n"+strings.Repeat("x", 100000)+"ready"), body("ready"), "")

	f("status", says("HTTP/1.1 401 No\r\n\r\n"), nil, "status_mismatch 401", "Status code", "did not match the probe setting",
		"Expected: 200-399", "Received: 401", "credentials")
	for status, word := range map[string]string{"403": "refuses", "404": "path", "405": "GET", "500": "log", "418": "match"} {
		f(status, says("HTTP/1.1 "+status+" X\r\n\r\n"), nil, "status_mismatch", "Received: "+status, word)
	}
	f("redirect where none is expected", says("HTTP/1.1 302 X\r\n\r\n"),
		func(s *Spec) { s.Match.StatusCodes = []gateway.StatusRange{{From: 200, To: 200}} }, "status_mismatch", "Expected: 200.",
		"redirects")
	f("text missing", says(page), body("steady"), "body_mismatch", "Body", "did not match", "contain", "steady")
	f("text missing, chunked", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrea\r\n0\r\n\r\n"), body("ready"),
		"body_mismatch")
	f("no body at all", says("HTTP/1.1 204 No\r\n\r\n"), body("ready"), "body_mismatch")
	f("plain HTTP to a TLS port",
		says("HTTP/1.1 400 Bad Request\r\nContent-Length: 48\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"), nil,
		"status_mismatch 400 tls_expected", "Https")
	f("another 400", says("HTTP/1.1 400 Bad Request\r\nContent-Length: 7\r\n\r\nno name"), nil, "status_mismatch 400")
	f("a TLS record", says("\x15\x03\x01\x00\x02\x02\x46"), nil, "invalid_response tls")
	f("HTTP/2", says("\x00\x00\x12\x04\x00\x00\x00\x00\x00"), nil, "invalid_response http2")
	f("not HTTP", says("SSH-2.0-OpenSSH\r\n\r\n"), nil, "invalid_response other", "HTTP/1.1")
	f("head without end", says("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 64<<10)), nil, "invalid_response")
	f("closes", says(""), nil, "connection_closed", "closed")
	f("closes in the head", says("HTTP/1.1 200 O"), nil, "connection_closed")
	f("closes in the body", says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nrea"), body("ready"), "connection_closed", "body", "complete")
	f("closes in a chunked body", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrea\r\n"), body("ready"),
		"connection_closed")
	f("bad framing", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nrea\r\n"), body("ready"), "invalid_response")
	f("resets", func(c net.Conn) {
		c.Read(make([]byte, 4<<10))
		c.(*net.TCPConn).SetLinger(0)
	}, nil, "connection_closed", "reset")
	f("silent", func(c net.Conn) { io.Copy(io.Discard, c) }, quick, "probe_timeout", "health probe", "timeout threshold",
		"time taken by the backend", "0.1 s")
	f("stalls in the body", func(c net.Conn) {
		says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nrea")(c)
		io.Copy(io.Discard, c)
	}, func(s *Spec) { quick(s); s.Match.Body = "ready" }, "probe_timeout")
	f("nobody listens", says(""), func(s *Spec) { s.Addr = netip.MustParseAddrPort("127.0.0.1:1") }, "tcp_connect ECONNREFUSED",
		"could not connect to the backend", "port used for the probe", "NSG/UDR/Firewall", "ECONNREFUSED")
}

// overTLS is a server that presents a chain.
func overTLS(pair *tls.Certificate, edit func(*tls.Config)) func(net.Conn) {
	return func(c net.Conn) {
		config := &tls.Config{Certificates: []tls.Certificate{*pair}}
		if edit != nil {
			edit(config)
		}
		t := tls.Server(c, config)
		if t.Handshake() == nil {
			says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")(t)
		}
	}
}

func TestReasonsOfTLS(t *testing.T) {
	root := certstest.NewAuthority(t, "Inner Root")
	middle := root.Intermediate("Inner Intermediate")
	stranger := certstest.NewAuthority(t, "Stranger Root")
	good := middle.Leaf("inner.example")
	only := func(p *tls.Certificate, n int) *tls.Certificate { // the first n of the chain
		q := *p
		q.Certificate = q.Certificate[:n]
		return &q
	}
	with := func(p *tls.Certificate, more ...*x509.Certificate) *tls.Certificate {
		q := *p
		q.Certificate = append([][]byte(nil), q.Certificate...)
		for _, c := range more {
			q.Certificate = append(q.Certificate, c.Raw)
		}
		return &q
	}
	trust := func(roots ...*x509.Certificate) *certs.Trust {
		c := &gateway.Config{SKU: gateway.SKU{Tier: "Standard_v2"}}
		s := &gateway.Settings{ValidateChain: true, ValidateSNI: true}
		for _, r := range roots {
			c.TrustedRootCertificates = append(c.TrustedRootCertificates, gateway.PublicCertificate{
				Name: r.Subject.CommonName,
				Data: r.Raw,
			})
			s.TrustedRoots = append(s.TrustedRoots, r.Subject.CommonName)
		}
		out, err := certs.TrustOf(c, s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	f := func(what string, serve func(net.Conn), by *certs.Trust, reason string, words ...string) {
		t.Helper()
		s := spec()
		s.Addr, s.TLS, s.SNI = server(t, serve), true, "inner.example"
		s.config, s.roots, s.V1 = by.Config(s.SNI), by.Roots != nil, by.V1
		got, _ := s.Ask(t.Context(), sockets(), (*stall.Detector)(nil))
		if got.Reason != reason && got.Reason+" "+got.Code != reason {
			t.Errorf("%s: %q, %q (%s), want %q", what, got.Reason, got.Code, got.Detail, reason)
		}
		for _, word := range words {
			if !strings.Contains(strings.ToLower(got.Detail), strings.ToLower(word)) {
				t.Errorf("%s: %q does not say %q", what, got.Detail, word)
			}
		}
	}
	in := trust(root.Cert)
	f("fine", overTLS(good, nil), in, "")
	f("another name", overTLS(middle.Leaf("other.example"), nil), in, "cn_mismatch", "Common Name", "leaf certificate", "hostname",
		"other.example", "inner.example")
	f("expired", overTLS(middle.Leaf("inner.example", certstest.Expired), nil), in, "cert_expired 10", "Valid from", "Valid to")
	f("of tomorrow", overTLS(middle.Leaf("inner.example", func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }), nil), in,
		"cert_expired 9", "Valid from")
	f("intermediate not sent", overTLS(only(good, 1), nil), in, "intermediate_missing", "Intermediate certificate", "missing")
	f("self-signed leaf", overTLS(certstest.SelfSigned(t, "inner.example"), nil), in, "intermediate_missing")
	f("chain in the wrong order", overTLS(&tls.Certificate{
		Certificate: [][]byte{middle.Cert.Raw, good.Certificate[0]},
		PrivateKey:  good.PrivateKey,
	}, nil), in, "leaf_not_topmost", "topmost")
	f("a stranger's root, sent", overTLS(with(stranger.Leaf("inner.example"), stranger.Cert), nil), in, "root_mismatch", "root certificate",
		"match the trusted root certificate", "allowlist")
	f("a stranger's intermediate", overTLS(stranger.Intermediate("Strange Intermediate").Leaf("inner.example"), nil), in,
		"root_mismatch_no_root", "Intermediate certificate", "not signed by any Root")
	f("private CA, no root uploaded", overTLS(good, nil), trust(), "intermediate_unknown_ca", "Intermediate certificate",
		"not signed by a well-known")
	f("for a client's use only",
		overTLS(middle.Leaf("inner.example", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }),
			nil), in,
		"cert_verify_failed 26", "could not be verified", "OpenSSL", "error code 26")
	f("no common version", overTLS(good, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 }), in, "tls_alert 70", "alert 70")
	f("wants a client certificate", overTLS(good, func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert }), in,
		"tls_alert 116 certificate_asked", "alert 116", "client certificate")
	f("wants one in TLS 1.2", overTLS(good, func(c *tls.Config) {
		c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert,
			tls.VersionTLS12
	}), in, "tls_alert 40 certificate_asked")
	f("no common cipher suite", overTLS(good, func(c *tls.Config) {
		c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	}), in, "tls_alert 40")
	f("plain HTTP", func(c net.Conn) { says("HTTP/1.1 400 Bad Request\r\n\r\n")(c) }, in, "not_tls", "does not speak TLS")
	f("hangs up", func(c net.Conn) { c.Read(make([]byte, 1)) }, in, "tls_handshake")

	v1 := &certs.Trust{V1: true, Leaves: [][]byte{good.Certificate[0]}}
	f("v1, the very leaf", overTLS(good, nil), v1, "")
	f("v1, another leaf", overTLS(middle.Leaf("inner.example"), nil), v1, "root_mismatch", "authentication certificates")
}

// Sentences that no server in a test can bring about.
func TestRareReasons(t *testing.T) {
	root := certstest.NewAuthority(t, "Root")
	leaf := root.Leaf("a.example").Leaf
	s := spec()
	f := func(chain []*x509.Certificate, err error, want string) {
		t.Helper()
		if got := s.certificate(&tls.CertificateVerificationError{UnverifiedCertificates: chain, Err: err}); got.Reason != want {
			t.Errorf("%q, want %q", got.Reason, want)
		}
	}
	unknown := x509.UnknownAuthorityError{}
	f(nil, unknown, "leaf_missing")
	f([]*x509.Certificate{root.Cert, leaf}, unknown, "leaf_not_topmost")
	f([]*x509.Certificate{root.Cert}, unknown, "server_cert_unknown_ca")
	f([]*x509.Certificate{leaf, root.Cert}, x509.CertificateInvalidError{Reason: x509.TooManyIntermediates}, "cert_verify_failed")
}
