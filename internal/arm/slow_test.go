package arm

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener of connections in memory, which know deadlines in fake time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.done)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8443} }

// A client that sends a byte a second keeps its connection up to the bound of the part of its request that it is in, and not beyond.
func TestASlowClientIsCutOff(t *testing.T) {
	for name, x := range map[string]struct {
		sent   string // at once
		within time.Duration
	}{
		"in the handshake": {"", 0},
		"in the head":      {"PUT / HTTP/1.1\r\nHost: a\r\nX: ", headTime},
		"in the body":      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", readTime},
	} {
		t.Run(name, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { cutOff(t, x.sent, x.within) }) })
	}
}

func cutOff(t *testing.T, sent string, within time.Duration) {
	authority, err := LoadAuthority(t.Context(), &shelf{})
	if err != nil {
		t.Fatal(err)
	}
	ln := &pipes{make(chan net.Conn), make(chan struct{})}
	read := make(chan error, 1)
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		read <- err
	})
	e := Serve(ln, handler, authority, []string{"127.0.0.1:8443"})
	defer e.Close(context.WithoutCancel(t.Context()))
	client, server := net.Pipe()
	defer client.Close()
	ln.conns <- server
	c := client
	if sent == "" {
		_, err = client.Write([]byte{0x16, 3, 1, 0x40, 0}) // of a record of 16 KiB
	} else {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(authority.Cert())
		secured := tls.Client(client, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
		c = secured
		_, err = fmt.Fprint(secured, sent)
	}
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	go io.Copy(io.Discard, c) // an answer is of no use to it
	for err == nil && time.Since(begin) < time.Hour {
		time.Sleep(time.Second)
		_, err = c.Write([]byte("x"))
	}
	bound := max(within, headTime)
	if took := time.Since(begin); took < bound-2*time.Second || took > bound+5*time.Second {
		t.Errorf("it was cut off after %v, not about %v", took, bound)
	}
	if within == readTime {
		if err := <-read; err == nil || errors.Is(err, io.EOF) {
			t.Errorf("the handler read %v", err)
		}
	}
}
