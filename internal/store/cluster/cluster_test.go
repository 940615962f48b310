package cluster_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"causeway/internal/store/cluster"
)

func authority(t *testing.T) *cluster.Authority {
	t.Helper()
	a, err := cluster.NewAuthority("causeway cluster", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestATokenComesBack(t *testing.T) {
	want, err := cluster.NewToken("[2001:db8::1]:2381", authority(t).Cert())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := cluster.ParseToken(" " + want.String() + "\n"); err != nil || got != want {
		t.Errorf("ParseToken = %+v, %v", got, err)
	}
	for _, text := range []string{"", "cwj1.", "cwj2." + want.String()[5:], want.String()[:40], want.String() + "!"} {
		if _, err := cluster.ParseToken(text); err == nil {
			t.Errorf("%q is a token", text)
		}
	}
}

func TestAnAuthorityComesBack(t *testing.T) {
	a := authority(t)
	text, err := a.PEM()
	if err != nil {
		t.Fatal(err)
	}
	back, err := cluster.ParseAuthority(text)
	if err != nil || back.Fingerprint() != a.Fingerprint() {
		t.Errorf("ParseAuthority: %v", err)
	}
	for _, part := range []string{"", string(a.Cert()), strings.TrimPrefix(string(text), string(a.Cert()))} {
		if _, err := cluster.ParseAuthority([]byte(part)); err == nil {
			t.Errorf("a part is an authority: %q", part)
		}
	}
}

// serveTLS answers with the certificate of a node.
func serveTLS(t *testing.T, a *cluster.Authority, host string) string {
	t.Helper()
	key, request, err := cluster.Request("a")
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.Sign(request, "a", []string{host}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(append(cert, a.Cert()...), key)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go http.Serve(ln, http.NotFoundHandler())
	return ln.Addr().String()
}

func TestATokenTrustsItsClusterOnly(t *testing.T) {
	ours, other := authority(t), authority(t)
	for _, test := range []struct {
		name   string
		server string
		trust  *cluster.Authority
		ok     bool
	}{
		{"its own cluster", serveTLS(t, ours, "127.0.0.1"), ours, true},
		{"another cluster", serveTLS(t, other, "127.0.0.1"), ours, false},
		{"another host of the cluster", serveTLS(t, ours, "127.0.0.2"), ours, false},
	} {
		token, err := cluster.NewToken(test.server, test.trust.Cert())
		if err != nil {
			t.Fatal(err)
		}
		c, err := tls.Dial("tcp", test.server, token.Trust())
		if (err == nil) != test.ok || err != nil && !errors.Is(err, cluster.ErrStranger) {
			t.Errorf("%s: %v", test.name, err)
		}
		if err == nil {
			c.Close()
		}
	}
}

func TestACertificateIsDueInItsLastThird(t *testing.T) {
	a := authority(t)
	_, request, err := cluster.Request("a")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	cert, err := a.Sign(request, "a", nil, now)
	if err != nil {
		t.Fatal(err)
	}
	for days, want := range map[int]bool{0: false, 200: false, 300: true, 400: true} {
		if due, err := cluster.Due(cert, now.AddDate(0, 0, days)); err != nil || due != want {
			t.Errorf("after %d days: %t, %v", days, due, err)
		}
	}
	request[len(request)-1] ^= 1
	if _, err := a.Sign(request, "a", nil, now); err == nil {
		t.Error("a request with a broken signature is signed")
	}
}
