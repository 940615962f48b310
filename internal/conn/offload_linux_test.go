package conn

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

var rsaTLS = sync.OnceValue(func() *tls.Config {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"test.example"},
		NotBefore:    time.Unix(0, 0),
		NotAfter:     time.Unix(1<<33, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return &tls.Config{GetCertificate: Certificate(&tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})}
})

// RSA certificates serve every way to agree on a key, on a loop, and their keys work beside it.
func TestRSAOnALoop(t *testing.T) {
	for name, client := range map[string]*tls.Config{
		"TLS 1.3":               {MinVersion: tls.VersionTLS13},
		"TLS 1.2, signed":       {MaxVersion: tls.VersionTLS12},
		"TLS 1.2, key exchange": {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}},
	} {
		t.Run(name, func(t *testing.T) {
			onLoops(t, 1, func(w *world, _ *Epoll) {
				w.tls = rsaTLS().Clone()
				certificate := w.tls.GetCertificate
				w.tls.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
					cert, err := certificate(hello)
					if _, beside := cert.PrivateKey.(offloadKey); !beside {
						t.Error("the loop itself computes the signature")
					}
					return cert, err
				}
				w.tls.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
				w.serve(lines(time.Minute))
				client.InsecureSkipVerify = true
				c := tls.Client(w.dial(w.front), client)
				defer c.Close()
				send(t, c, "a\n")
				expect(t, c, "a!\n")
			})
		})
	}
}

// BenchmarkBesideHandshakes is the latency of a quiet client beside others that never stop to handshake.
func BenchmarkBesideHandshakes(b *testing.B) {
	for name, cfg := range map[string]*tls.Config{
		"none": nil, "ECDSA": testTLS(), "RSA": {Certificates: rsaOnLoop()}, "RSA aside": rsaTLS(),
	} {
		b.Run(name, func(b *testing.B) { besideHandshakes(b, cfg) })
	}
}

// rsaOnLoop is the RSA certificate with nothing between its key and the loop.
func rsaOnLoop() []tls.Certificate {
	cert, err := rsaTLS().GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		panic(err)
	}
	return []tls.Certificate{*cert}
}

func besideHandshakes(b *testing.B, cfg *tls.Config) {
	e := newEpoll(1)
	defer e.Close()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	quiet := address(plain.Addr()).String()
	servers := []Server{e.Serve(plain, lines(time.Minute))}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	if cfg != nil {
		secured, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		at := address(secured.Addr()).String()
		servers = append(servers, e.Serve(secured, once(func(_ *Loop, c Conn) {
			if s, err := TLS(c, tls.Server, cfg); err == nil {
				s.Close()
			}
		})))
		for range 8 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if c, err := tls.Dial("tcp", at, &tls.Config{InsecureSkipVerify: true}); err == nil {
						c.Close()
					}
				}
			})
		}
	}
	c, err := net.Dial("tcp", quiet)
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	buf := make([]byte, 3)
	for b.Loop() {
		begin := time.Now()
		c.Write([]byte("a\n"))
		if _, err := c.Read(buf); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(begin))
	}
	c.Close()
	close(stop)
	wg.Wait()
	for _, s := range servers {
		s.Shutdown(time.Now())
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
