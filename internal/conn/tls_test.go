package conn

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// handshake runs the client side of a handshake against a server of crypto/tls, and returns the client's error.
func handshake(w *world, client, server *tls.Config) error {
	c, peer := pair(w)
	defer c.Close()
	var wg sync.WaitGroup
	wg.Go(func() {
		defer peer.Close()
		s := tls.Server(peer, server)
		s.SetDeadline(time.Now().Add(time.Second))
		if s.Handshake() == nil {
			s.Read(make([]byte, 1))
		}
	})
	defer wg.Wait()
	c.SetReadDeadline(time.Now().Add(time.Second))
	s, err := TLS(c, tls.Client, client)
	if err == nil {
		_, err = s.Read(make([]byte, 1)) // TLS 1.3: the server may yet refuse our certificate
		s.Close()
	}
	c.Close()
	return err
}

func TestHandshakeErrors(t *testing.T) {
	each(t, func(w *world) {
		w.run(func() {
			if w.tls == nil {
				return
			}
			err := handshake(w, &tls.Config{ServerName: "test.example"}, w.tls)
			var verify *tls.CertificateVerificationError
			if !errors.As(err, &verify) || !errors.As(err, new(x509.UnknownAuthorityError)) {
				w.Errorf("unknown authority: %v", err)
			}

			old := w.tls.Clone()
			old.MaxVersion = tls.VersionTLS12
			err = handshake(w, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}, old)
			isAlert(w, err, 70) // protocol_version

			mutual := w.tls.Clone()
			mutual.ClientAuth = tls.RequireAnyClientCert
			err = handshake(w, &tls.Config{InsecureSkipVerify: true}, mutual)
			isAlert(w, err, 116) // certificate_required
		})
	})
}

func isAlert(w *world, err error, code tls.AlertError) {
	w.Helper()
	var alert *Alert
	var got tls.AlertError
	if !errors.As(err, &alert) || !alert.Remote || !errors.As(err, &got) || got != code {
		w.Errorf("%v, want alert %v", err, code)
	}
}

func TestHandshakeDeadline(t *testing.T) {
	eachPair(t, func(w *world, c Conn, _ net.Conn) {
		at := time.Now().Add(tick)
		c.SetReadDeadline(at)
		w.until(at, func() {
			_, err := TLS(c, tls.Client, &tls.Config{InsecureSkipVerify: true})
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				w.Error(err)
			}
		})
	})
}

// A close_notify is no request; the peer that sent it is gone.
func TestCloseNotifyIsNotSpeech(t *testing.T) {
	each(t, func(w *world) {
		w.run(func() {
			if w.tls == nil {
				return
			}
			c, peer := pair(w)
			var wg sync.WaitGroup
			wg.Go(func() {
				s := tls.Server(peer, w.tls)
				s.Handshake()
				s.CloseWrite()
				s.Read(make([]byte, 1))
				peer.Close()
			})
			s, err := TLS(c, tls.Client, &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				w.Fatal(err)
			}
			if c.Info().TLS == nil || !c.Info().TLS.HandshakeComplete {
				w.Error("no connection state")
			}
			if p := await(s, PeerHalfClosed); p != PeerHalfClosed {
				w.Error("peer:", p)
			}
			s.Close()
			wg.Wait()
		})
	})
}

// A session ticket is nothing to read: the connection stays good for the pool.
func TestTicketIsNotSpeech(t *testing.T) {
	each(t, func(w *world) {
		w.run(func() {
			if w.tls == nil {
				return
			}
			c, peer := pair(w)
			var wg sync.WaitGroup
			wg.Go(func() {
				s := tls.Server(peer, w.tls)
				s.Handshake() // sends tickets after it
				s.Read(make([]byte, 1))
				peer.Close()
			})
			s, err := TLS(c, tls.Client, &tls.Config{InsecureSkipVerify: true, ClientSessionCache: tls.NewLRUClientSessionCache(1)})
			if err != nil {
				w.Fatal(err)
			}
			time.Sleep(tick)
			if p := s.Peer(); p != PeerIdle {
				w.Error("peer:", p)
			}
			s.Close()
			wg.Wait()
		})
	})
}

// keyUpdate asks for new keys in mid-stream, which crypto/tls answers while it reads.
func TestKeyUpdate(t *testing.T) {
	each(t, func(w *world) {
		if w.tls == nil {
			return
		}
		w.serve(lines(time.Minute))
		var log bytes.Buffer
		carrier := w.dial(w.front)
		c := tls.Client(carrier, &tls.Config{InsecureSkipVerify: true, KeyLogWriter: &log, MinVersion: tls.VersionTLS13})
		defer carrier.Close()
		if err := c.Handshake(); err != nil {
			w.Fatal(err)
		}
		keys := newSealer(w.T, c.ConnectionState().CipherSuite, log.String())
		for range 3 {
			const handshakeType, applicationType = 22, 23
			carrier.Write(keys.seal(handshakeType, []byte{24, 0, 0, 1, 1})) // key_update, update_requested
			keys.update()
			carrier.Write(keys.seal(applicationType, []byte("ping\n")))
			expect(w.T, c, "ping!\n")
		}
	})
}

// sealer writes records of TLS 1.3 on behalf of a client that has sent none.
type sealer struct {
	t      *testing.T
	hash   func() hash.Hash
	size   int // of a key
	secret []byte
	aead   cipher.AEAD
	iv     []byte
	seq    uint64
}

func newSealer(t *testing.T, suite uint16, log string) *sealer {
	s := &sealer{t: t, hash: sha256.New, size: 16}
	switch suite {
	case tls.TLS_AES_128_GCM_SHA256:
	case tls.TLS_AES_256_GCM_SHA384:
		s.hash, s.size = sha512.New384, 32
	default:
		t.Fatalf("no AES in hardware: the suite is %s", tls.CipherSuiteName(suite))
	}
	for line := range strings.Lines(log) {
		if f := strings.Fields(line); f[0] == "CLIENT_TRAFFIC_SECRET_0" {
			s.secret, _ = hex.DecodeString(f[2])
		}
	}
	s.rekey()
	return s
}

// expand is HKDF-Expand-Label of RFC 8446 section 7.1 with an empty context.
func (s *sealer) expand(label string, n int) []byte {
	label = "tls13 " + label
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(append(append(info, byte(len(label))), label...), 0)
	out, err := hkdf.Expand(s.hash, s.secret, string(info), n)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *sealer) rekey() {
	block, err := aes.NewCipher(s.expand("key", s.size))
	if err != nil {
		s.t.Fatal(err)
	}
	s.aead, _ = cipher.NewGCM(block)
	s.iv, s.seq = s.expand("iv", 12), 0
}

func (s *sealer) update() {
	s.secret = s.expand("traffic upd", s.hash().Size())
	s.rekey()
}

func (s *sealer) seal(kind byte, p []byte) []byte {
	inner := append(append([]byte(nil), p...), kind)
	head := []byte{23, 3, 3, 0, 0}
	binary.BigEndian.PutUint16(head[3:], uint16(len(inner)+s.aead.Overhead()))
	nonce := append([]byte(nil), s.iv...)
	for i := range 8 {
		nonce[4+i] ^= byte(s.seq >> (56 - 8*i))
	}
	s.seq++
	return s.aead.Seal(head, nonce, inner, head)
}

// A head, a body and all their records leave in one write.
func TestRecordsAreGathered(t *testing.T) {
	c := &counter{Conn: nil}
	client, server := net.Pipe()
	c.Conn = newStream(client, 1)
	var wg sync.WaitGroup
	var got []byte
	wg.Go(func() {
		s := tls.Server(server, testTLS())
		got, _ = io.ReadAll(s)
		server.Close()
	})
	s, err := TLS(c, tls.Client, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	before := c.writes
	body := bytes.Repeat([]byte("b"), 40<<10)
	if n, err := s.Writev([]byte("head"), body); n != 4+len(body) || err != nil {
		t.Error(n, err)
	}
	if c.writes != before+1 {
		t.Errorf("%d writes", c.writes-before)
	}
	s.Close()
	wg.Wait()
	if len(got) != 4+len(body) {
		t.Error(len(got))
	}
}

// After a write that failed half-way nothing may follow: it would be read in the wrong place.
func TestFailedWriteIsFinal(t *testing.T) {
	each(t, func(w *world) {
		w.run(func() {
			if w.tls == nil {
				return
			}
			c, peer := pair(w)
			ready := make(chan bool)
			var wg sync.WaitGroup
			wg.Go(func() {
				tls.Server(peer, w.tls).Handshake()
				close(ready)
			})
			s, err := TLS(c, tls.Client, &tls.Config{InsecureSkipVerify: true})
			if err != nil {
				w.Fatal(err)
			}
			<-ready
			s.SetWriteDeadline(time.Now().Add(tick))
			for err == nil {
				_, err = s.Write(make([]byte, 1<<20))
			}
			s.SetWriteDeadline(time.Time{})
			if _, again := s.Write([]byte("x")); !errors.Is(again, os.ErrDeadlineExceeded) {
				w.Errorf("%v, then %v", err, again)
			}
			s.Close()
			peer.Close()
			wg.Wait()
		})
	})
}

type counter struct {
	Conn
	writes int
}

func (c *counter) Write(p []byte) (int, error) { c.writes++; return c.Conn.Write(p) }
