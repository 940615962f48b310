package proxy

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"causeway/internal/certs/certstest"
	"causeway/internal/fault"
	"causeway/internal/gateway"
)

// secure makes the listener HTTPS, with a certificate for its name.
func (w *world) secure(pair *tls.Certificate) {
	w.config.SSLCertificates = []gateway.SSLCertificate{{Name: "cert"}}
	w.config.Listeners[0].Protocol, w.config.Listeners[0].SSLCertificate = "Https", "cert"
	w.pairs = map[string]*tls.Certificate{"cert": pair}
}

// over runs the TLS handshake with the gateway.
func (c *client) over(ca *x509.Certificate, name string) (*client, error) {
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	t := tls.Client(c.Conn, &tls.Config{RootCAs: roots, ServerName: name})
	if err := t.Handshake(); err != nil {
		return nil, err
	}
	return &client{Conn: t, r: bufio.NewReader(t), w: c.w}, nil
}

func TestHTTPSListener(t *testing.T) {
	ca := certstest.NewAuthority(t, "test CA")
	onSockets(t, func(w *world) {
		m := w.member(answers(ok))
		w.secure(ca.Leaf("shop.example"))
		w.start()
		c, err := w.client().over(ca.Cert, "shop.example")
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			w.status(c.say("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n").answer("GET"), 200)
		}
		if p := m.last().Header.Get("X-Forwarded-Proto"); p != "https" {
			t.Errorf("X-Forwarded-Proto: %s", p)
		}
		if r := w.row(2); r.TLSProtocol != "TLSv1.3" || r.TLSCipher == "" {
			t.Errorf("%s %s", r.TLSProtocol, r.TLSCipher)
		}
	})
}

// The listener by SNI: an exact name, a wildcard, and on v2 the first one for unknown names.
func TestSNI(t *testing.T) {
	ca := certstest.NewAuthority(t, "test CA")
	onSockets(t, func(w *world) {
		w.member(answers(ok))
		w.secure(ca.Leaf("first.example"))
		w.config.Listeners[0].HostNames = []string{"first.example"}
		second, rule := w.config.Listeners[0], w.config.Rules[0]
		second.Name, second.HostNames, second.SSLCertificate = "second", []string{"*.second.example"}, "cert2"
		rule.Name, rule.Listener, rule.Priority = "second", "second", 200
		w.config.Listeners, w.config.Rules = append(w.config.Listeners, second), append(w.config.Rules, rule)
		w.config.SSLCertificates = append(w.config.SSLCertificates, gateway.SSLCertificate{Name: "cert2"})
		w.pairs["cert2"] = ca.Leaf("*.second.example")
		w.start()
		for _, name := range []string{"first.example", "a.second.example"} {
			c, err := w.client().over(ca.Cert, name)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			w.status(c.say("GET / HTTP/1.1\r\nHost: "+name+"\r\nConnection: close\r\n\r\n").answer("GET"), 200)
		}
		_, err := w.client().over(ca.Cert, "nobody.example")
		if err == nil || !strings.Contains(err.Error(), "first.example") {
			t.Errorf("who has no listener is shown the first certificate: %v", err)
		}
	})
}

func TestPlainHTTPOnAnHTTPSPort(t *testing.T) {
	ca := certstest.NewAuthority(t, "test CA")
	onSockets(t, func(w *world) {
		w.secure(ca.Leaf("shop.example"))
		w.start()
		c := w.client().say("GET /secret HTTP/1.1\r\nHost: shop.example\r\n\r\n")
		w.status(c.answer("GET"), 400)
		w.says(w.row(1), 400, fault.HTTPToHTTPSPort, "client/handshake/not-tls")
		if rest := c.rest(); rest != "" {
			t.Errorf("then %q", rest)
		}
		if n := w.metric("causeway_client_handshake_failures_total"); n != 1 {
			t.Errorf("%v failed handshakes", n)
		}
	})
}

// A failed handshake leaves a count and no record, and a silent one ends.
func TestFailedHandshake(t *testing.T) {
	ca := certstest.NewAuthority(t, "test CA")
	onSockets(t, func(w *world) {
		w.secure(ca.Leaf("shop.example"))
		w.start()
		if _, err := w.client().over(certstest.NewAuthority(t, "another").Cert, "shop.example"); err == nil {
			t.Error("the client trusts a stranger")
		}
		w.client().say("\x00\x01\x02\x03\x04\x05").rest()
		for deadline := time.Now().Add(5 * time.Second); w.metric("causeway_client_handshake_failures_total") != 2; {
			if time.Now().After(deadline) {
				t.Fatal("not counted")
			}
			time.Sleep(time.Millisecond)
		}
		if n := len(w.log.all()); n != 0 {
			t.Errorf("%d records", n)
		}
	})
}

// overTLS is a member that speaks TLS.
func overTLS(config *tls.Config) func(*peer) {
	return func(p *peer) {
		c := tls.Server(p.Conn, config)
		if c.Handshake() == nil {
			answers(ok)(&peer{Conn: c, Reader: bufio.NewReader(c), m: p.m})
		}
	}
}

// trust makes the settings HTTPS, with these roots.
func (w *world) trust(name string, roots ...*x509.Certificate) {
	s := &w.config.Settings[0]
	s.Protocol, s.HostName = "Https", name
	for i, r := range roots {
		n := string(rune('a' + i))
		w.config.TrustedRootCertificates = append(w.config.TrustedRootCertificates, gateway.PublicCertificate{Name: n, Data: r.Raw})
		s.TrustedRoots = append(s.TrustedRoots, n)
	}
}

func TestHTTPSMember(t *testing.T) {
	ca := certstest.NewAuthority(t, "inner CA")
	leaf := ca.Intermediate("inner intermediate").Leaf("inner.example")
	onSockets(t, func(w *world) {
		m := w.member(overTLS(&tls.Config{Certificates: []tls.Certificate{*leaf}}))
		w.trust("inner.example", ca.Cert)
		w.start()
		c := w.client()
		for range 3 {
			w.status(c.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer("GET"), 200)
		}
		if m.connections() != 1 {
			t.Errorf("%d connections", m.connections())
		}
		if r := w.row(3); r.BackendTLS != "TLSv1.3" || r.BackendCipher == "" || !r.Attempts[0].Reused {
			t.Errorf("%q %q reused %v", r.BackendTLS, r.BackendCipher, r.Attempts[0].Reused)
		}
		if a := w.log.all()[0].Attempts[0]; a.TLS <= 0 || a.Connect < a.TLS {
			t.Errorf("connect %v, of which TLS %v", a.Connect, a.TLS)
		}
	})
}

// What is wrong with a member's certificate is on record by its name.
func TestCertificatesOfMembers(t *testing.T) {
	ca, other := certstest.NewAuthority(t, "inner CA"), certstest.NewAuthority(t, "another CA")
	good := ca.Leaf("inner.example")
	f := func(what string, leaf *tls.Certificate, edit func(w *world), status int, detail string) {
		t.Helper()
		onSockets(t, func(w *world) {
			w.member(overTLS(&tls.Config{Certificates: []tls.Certificate{*leaf}}))
			w.trust("inner.example", ca.Cert)
			edit(w)
			w.start()
			w.status(w.get("/"), status)
			r := w.row(1)
			if r.Fault.Detail != detail {
				t.Errorf("%s: %q, want %q", what, r.Fault.Detail, detail)
			}
			if status == 502 {
				w.says(r, 502, fault.UpstreamClosed, "backend/tls/certificate")
			}
		})
	}
	same := func(*world) {}
	set := func(edit func(*gateway.Settings)) func(*world) { return func(w *world) { edit(&w.config.Settings[0]) } }
	f("good", good, same, 200, "")
	f("another name", ca.Leaf("wrong.example"), same, 502, "cert_name_mismatch")
	f("another name, not checked", ca.Leaf("wrong.example"), set(func(s *gateway.Settings) { s.ValidateSNI = false }), 200, "")
	f("another name, as sniName", ca.Leaf("wrong.example"), set(func(s *gateway.Settings) { s.SNIName = "wrong.example" }), 200, "")
	f("expired", ca.Leaf("inner.example", certstest.Expired), same, 502, "cert_expired")
	f("expired, not checked", ca.Leaf("inner.example", certstest.Expired),
		set(func(s *gateway.Settings) { s.ValidateChain = false }), 200, "")
	f("another CA", other.Leaf("inner.example"), same, 502, "cert_unknown_ca")
	f("no root uploaded", good, set(func(s *gateway.Settings) { s.TrustedRoots = nil }), 502, "cert_unknown_ca")
	f("the client's Host is the name", good, set(func(s *gateway.Settings) { s.HostName = "" }), 502, "cert_name_mismatch")
	v1 := func(leaf *tls.Certificate) func(w *world) {
		return func(w *world) {
			w.v1()
			w.config.AuthenticationCertificates = []gateway.PublicCertificate{{Name: "leaf", Data: leaf.Certificate[0]}}
			w.config.Settings[0].AuthCertificates = []string{"leaf"}
		}
	}
	f("v1, the very leaf", good, v1(good), 200, "")
	onSockets(t, func(w *world) {
		w.member(overTLS(&tls.Config{Certificates: []tls.Certificate{*good}}))
		w.trust("inner.example")
		v1(ca.Leaf("inner.example"))(w)
		w.start()
		w.status(w.get("/"), 502)
		if r := w.row(1); r.Fault.Detail != "cert_unknown_ca" {
			t.Errorf("v1, another leaf of the same CA: %q", r.Fault.Detail)
		}
	})
}

// A member ends TLS with an alert whose number is on record; ours are not taken for its own.
func TestAlertsOfMembers(t *testing.T) {
	ca := certstest.NewAuthority(t, "inner CA")
	leaf := ca.Leaf("inner.example")
	f := func(config *tls.Config, alert uint8, want string) {
		t.Helper()
		config.Certificates = []tls.Certificate{*leaf}
		onSockets(t, func(w *world) {
			w.member(overTLS(config))
			w.trust("inner.example", ca.Cert)
			w.start()
			w.status(w.get("/"), 502)
			r := w.row(1)
			w.says(r, 502, fault.UpstreamClosed, want)
			if r.Fault.Alert != alert {
				t.Errorf("alert %d, want %d", r.Fault.Alert, alert)
			}
		})
	}
	f(&tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}, 70, "backend/tls/alert")
	f(&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}}, 40, "backend/tls/alert")
	f(&tls.Config{MaxVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert}, 40, "backend/tls/alert")
	f(&tls.Config{ClientAuth: tls.RequireAnyClientCert}, 116, "backend/wait/alert") // TLS 1.3 tells after the handshake
}

func TestProtocolMismatch(t *testing.T) {
	ca := certstest.NewAuthority(t, "inner CA")
	onSockets(t, func(w *world) { // HTTPS to a plain port that answers
		w.member(func(p *peer) {
			p.ReadByte()
			p.say("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
			p.request()
		})
		w.trust("inner.example", ca.Cert)
		w.start()
		w.status(w.get("/"), 502)
		w.says(w.row(1), 502, fault.UpstreamClosed, "backend/tls/not-tls")
	})
	onSockets(t, func(w *world) { // and to one that hangs up
		w.member(func(p *peer) { p.ReadByte() })
		w.trust("inner.example", ca.Cert)
		w.start()
		w.status(w.get("/"), 502)
		if s := word(w.row(1).Fault); s != "backend/tls/reset" && s != "backend/tls/closed" {
			t.Error(s)
		}
	})
}

// A handshake that never ends falls under the connect timeout.
func TestSilentHandshake(t *testing.T) {
	ca := certstest.NewAuthority(t, "inner CA")
	inTime(t, func(w *world) {
		w.member(func(p *peer) { time.Sleep(time.Minute) })
		w.trust("inner.example", ca.Cert)
		w.start()
		begin := time.Now()
		w.status(w.get("/"), 504)
		if took := time.Since(begin); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		w.says(w.row(1), 504, fault.UpstreamTimedOut, "backend/tls/timeout")
	})
}

// The name that is sent: sniName, the settings' host, the client's Host; never an address.
func TestSNITowardsMembers(t *testing.T) {
	ca := certstest.NewAuthority(t, "inner CA")
	leaf := ca.Leaf("inner.example")
	f := func(host string, edit func(*gateway.Settings), want string) {
		t.Helper()
		onSockets(t, func(w *world) {
			got := make(chan string, 1)
			w.member(overTLS(&tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
				got <- h.ServerName
				return leaf, nil
			}}))
			w.trust("", ca.Cert)
			w.config.Settings[0].ValidateSNI = false
			edit(&w.config.Settings[0])
			w.start()
			w.status(w.client().say("GET / HTTP/1.1\r\nHost: "+host+"\r\n\r\n").answer("GET"), 200)
			if name := <-got; name != want {
				t.Errorf("SNI %q, want %q", name, want)
			}
		})
	}
	f("shop.example:443", func(*gateway.Settings) {}, "shop.example")
	f("192.0.2.7", func(*gateway.Settings) {}, "")
	f("shop.example", func(s *gateway.Settings) { s.HostName = "inner.example" }, "inner.example")
	f("shop.example", func(s *gateway.Settings) { s.HostName, s.SNIName = "inner.example", "sni.example" }, "sni.example")
	f("shop.example", func(s *gateway.Settings) { s.PickHostFromAddress = true }, "")
}

// A first-generation gateway resets the connection of a client that names an unknown host, or none where every listener
// requires one: an alert would say that the server has failed.
func TestUnknownNameOnV1(t *testing.T) {
	ca := certstest.NewAuthority(t, "test CA")
	onSockets(t, func(w *world) {
		w.v1()
		w.member(answers(ok))
		w.secure(ca.Leaf("shop.example"))
		w.config.Listeners[0].HostNames, w.config.Listeners[0].RequireSNI = []string{"shop.example"}, true
		w.start()
		if _, err := w.client().over(ca.Cert, "shop.example"); err != nil {
			t.Error(err)
		}
		for _, name := range []string{"other.example", ""} {
			c := tls.Client(w.client().Conn, &tls.Config{InsecureSkipVerify: true, ServerName: name})
			if err := c.Handshake(); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}
